// Package zapcore has the types of go.uber.org/zap/zapcore.
package zapcore

type Field struct{ Key string }

type ObjectEncoder interface{ OpenNamespace(string) }

type ObjectMarshaler interface {
	MarshalLogObject(ObjectEncoder) error
}
