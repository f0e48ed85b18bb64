package logs

import (
	"fmt"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"example.com/probe/harness"
)

func init() {
	l := zerolog.New(&harness.Out)
	log.Logger = l
	harness.Value(func(v any) { l.Info().Interface("key", v).Msg("m") })
	harness.Value(func(v any) { l.Info().Any("key", v).Msg("m") })
	harness.Value(func(v any) { l.Info().Array("a", zerolog.Arr().Interface(v)).Msg("m") })
	harness.Value(func(v any) { l.Info().Fields(map[string]any{"key": v}).Msg("m") })
	harness.Value(func(v any) { l.Info().Fields([]any{"key", v}).Msg("m") })
	harness.Value(func(v any) { s := harness.As[fmt.Stringer](v); l.Info().Stringer("key", s).Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); l.Info().AnErr("key", err).Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); l.Info().Err(err).Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); l.Err(err).Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); log.Err(err).Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); l.Info().Array("a", zerolog.Arr().Err(err)).Msg("m") })
	harness.Value(func(v any) { obj := harness.As[zerolog.LogObjectMarshaler](v); l.Info().Object("key", obj).Msg("m") })
	harness.Value(func(v any) { obj := harness.As[zerolog.LogObjectMarshaler](v); l.Info().EmbedObject(obj).Msg("m") })
	harness.Later(func(v any) func() { w := l.With().Interface("key", v).Logger(); return func() { w.Info().Msg("m") } })
	harness.Later(func(v any) func() { w := l.With().Any("key", v).Logger(); return func() { w.Info().Msg("m") } })
	harness.Later(func(v any) func() {
		w := l.With().Fields(map[string]any{"key": v}).Logger()
		return func() { w.Info().Msg("m") }
	})
	harness.Value(func(v any) {
		s := harness.As[fmt.Stringer](v)
		w := l.With().Stringer("key", s).Logger()
		w.Info().Msg("m")
	})
	harness.Value(func(v any) { err := harness.As[error](v); w := l.With().AnErr("key", err).Logger(); w.Info().Msg("m") })
	harness.Value(func(v any) { err := harness.As[error](v); w := l.With().Err(err).Logger(); w.Info().Msg("m") })
	harness.Value(func(v any) {
		obj := harness.As[zerolog.LogObjectMarshaler](v)
		w := l.With().Object("key", obj).Logger()
		w.Info().Msg("m")
	})
	harness.Value(func(v any) {
		obj := harness.As[zerolog.LogObjectMarshaler](v)
		w := l.With().EmbedObject(obj).Logger()
		w.Info().Msg("m")
	})
	harness.Format(func(format string, v any) { l.Info().Msgf(format, v) })
	harness.Format(func(format string, v any) { l.Printf(format, v) })
	harness.Value(func(v any) { l.Print(v) })
	harness.Value(func(v any) { l.Println(v) })
	harness.Format(func(format string, v any) { log.Printf(format, v) })
	harness.Value(func(v any) { log.Print(v) })
}
