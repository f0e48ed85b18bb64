package logs

import (
	"testing"

	"example.com/probe/harness"
)

// TestMain runs no tests, which prepares testing for those that the probes make.
func TestMain(m *testing.M) {
	m.Run()
	harness.Main(Shapes)
}
