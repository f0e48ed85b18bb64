package logs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/probe/harness"
)

func init() {
	harness.Test(func(t *testing.T, format string, v any) { assert.Truef(t, false, format, v) })
	harness.Test(func(t *testing.T, format string, v any) { assert.Equalf(t, 1, 2, format, v) })
	harness.Test(func(t *testing.T, format string, v any) { require.NoErrorf(t, failed, format, v) })
	harness.Test(func(t *testing.T, format string, v any) { assert.New(t).Lenf("", 1, format, v) })
	harness.Test(func(t *testing.T, format string, v any) { require.New(t).Failf("m", format, v) })
}
