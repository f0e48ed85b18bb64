// Package logs probes every library of the table but klog v2. It runs as a test,
// since testing prints nowhere else.
package logs

import (
	"context"
	"errors"

	"github.com/rs/zerolog"
	"go.uber.org/zap/zapcore"

	"example.com/probe/harness"
)

// Shapes that only some loggers know.
type (
	MarshalsLog     struct{ M map[string]int }
	MarshalsZap     struct{ M map[string]int }
	MarshalsArray   struct{ M map[string]int }
	MarshalsZerolog struct{ M map[string]int }
)

func (MarshalsLog) MarshalLog() any { return "<MarshalLog>" }

func (MarshalsZap) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("x", "<MarshalLogObject>")
	return nil
}

func (MarshalsArray) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	enc.AppendString("<MarshalLogArray>")
	return nil
}

func (MarshalsZerolog) MarshalZerologObject(e *zerolog.Event) { e.Str("x", "<MarshalZerologObject>") }

var (
	PtrMarshalsLog     = &MarshalsLog{map[string]int{"kM": 1}}
	PtrMarshalsZap     = &MarshalsZap{map[string]int{"kM": 1}}
	PtrMarshalsArray   = &MarshalsArray{map[string]int{"kM": 1}}
	PtrMarshalsZerolog = &MarshalsZerolog{map[string]int{"kM": 1}}

	ctx    = context.Background()
	failed = errors.New("failed")
)

// asError returns v as an error, if it is one.
func asError(v any) error { return harness.As[error](v) }

// Shapes are those above by name.
var Shapes = map[string]any{
	"PtrMarshalsLog": PtrMarshalsLog, "PtrMarshalsZap": PtrMarshalsZap, "PtrMarshalsArray": PtrMarshalsArray,
	"PtrMarshalsZerolog": PtrMarshalsZerolog,
}
