package resolve

import "testing"

func TestIsFunc(t *testing.T) {
	tests := []struct {
		stack, summary string
		want           bool
	}{
		{"(*T).M", "(*T).M", true},
		{"(*T).M.func1.2", "(*T).M", true},
		{"(*T).M.func2", "(*T).M.func1.func1", true},
		{"(*T).M-fm", "(*T).M", true},
		{"F.gowrap1", "F", true},
		{"run.F.func1", "F", true},      // inlined into run
		{"(*T).run.F.func1", "F", true}, // inlined into a method
		{"(*T).F.func1", "F", false},    // a method is another function
		{"(*T).Put", "(*T).PutAll", false},
		{"(*T).PutAll", "(*T).Put", false},
		{"(*T).Put", "(*T).funcMap", false}, // no literal of the type
		{"(*T).funcMap", "(*T).funcMap", true},
		{"(*T).funcMap.func1", "(*T).funcMap.func2", true},
		{"init.0.func1", "init.func1", true},
		{"glob..func1", "init.func1", true},
	}
	for _, tt := range tests {
		if got := isFunc(tt.stack, tt.summary); got != tt.want {
			t.Errorf("isFunc(%q, %q) = %t, want %t", tt.stack, tt.summary, got, tt.want)
		}
	}
}
