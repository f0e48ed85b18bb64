package logs

import (
	"github.com/davecgh/go-spew/spew"

	"example.com/probe/harness"
)

func init() {
	c := spew.NewDefaultConfig()
	harness.Format(func(format string, v any) { spew.Printf(format, v) })
	harness.Format(func(format string, v any) { harness.Say(spew.Sprintf(format, v)) })
	harness.Format(func(format string, v any) { harness.Say(spew.Errorf(format, v).Error()) })
	harness.Format(func(format string, v any) { spew.Fprintf(&harness.Out, format, v) })
	harness.Value(func(v any) { spew.Print(v) })
	harness.Value(func(v any) { spew.Println(v) })
	harness.Value(func(v any) { spew.Dump(v) })
	harness.Value(func(v any) { harness.Say(spew.Sprint(v)) })
	harness.Value(func(v any) { harness.Say(spew.Sprintln(v)) })
	harness.Value(func(v any) { harness.Say(spew.Sdump(v)) })
	harness.Value(func(v any) { spew.Fprint(&harness.Out, v) })
	harness.Value(func(v any) { spew.Fprintln(&harness.Out, v) })
	harness.Value(func(v any) { spew.Fdump(&harness.Out, v) })
	harness.Format(func(format string, v any) { c.Printf(format, v) })
	harness.Format(func(format string, v any) { harness.Say(c.Sprintf(format, v)) })
	harness.Format(func(format string, v any) { harness.Say(c.Errorf(format, v).Error()) })
	harness.Format(func(format string, v any) { c.Fprintf(&harness.Out, format, v) })
	harness.Value(func(v any) { c.Print(v) })
	harness.Value(func(v any) { c.Println(v) })
	harness.Value(func(v any) { c.Dump(v) })
	harness.Value(func(v any) { harness.Say(c.Sprint(v)) })
	harness.Value(func(v any) { harness.Say(c.Sprintln(v)) })
	harness.Value(func(v any) { harness.Say(c.Sdump(v)) })
	harness.Value(func(v any) { c.Fprint(&harness.Out, v) })
	harness.Value(func(v any) { c.Fprintln(&harness.Out, v) })
	harness.Value(func(v any) { c.Fdump(&harness.Out, v) })
}
