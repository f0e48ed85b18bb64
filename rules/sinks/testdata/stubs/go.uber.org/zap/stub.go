// Package zap has the signatures of go.uber.org/zap.
package zap

import (
	"fmt"

	"go.uber.org/zap/zapcore"
)

type Field = zapcore.Field

type Logger struct{}

type SugaredLogger struct{}

func Any(key string, value any) Field                        { return Field{} }
func Reflect(key string, value any) Field                    { return Field{} }
func Stringer(key string, value fmt.Stringer) Field          { return Field{} }
func Object(key string, value zapcore.ObjectMarshaler) Field { return Field{} }
func String(key, value string) Field                         { return Field{} }
func (*Logger) Info(msg string, fields ...Field)             {}
func (*Logger) With(fields ...Field) *Logger                 { return nil }
func (*SugaredLogger) Infow(msg string, kv ...any)           {}
func (*SugaredLogger) Infof(format string, args ...any)      {}
func (*SugaredLogger) Warn(args ...any)                      {}
func (*SugaredLogger) With(args ...any) *SugaredLogger       { return nil }
func (*SugaredLogger) WithLazy(args ...any) *SugaredLogger   { return nil }
