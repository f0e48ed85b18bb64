package logs

import (
	"encoding/json"
	"fmt"
	"log"
	"testing"

	"example.com/probe/harness"
)

func init() {
	harness.Format(func(format string, v any) { fmt.Printf(format, v) })
	harness.Format(func(format string, v any) { harness.Say(fmt.Sprintf(format, v)) })
	harness.Format(func(format string, v any) { fmt.Fprintf(&harness.Out, format, v) })
	harness.Format(func(format string, v any) { harness.Out.Write(fmt.Appendf(nil, format, v)) })
	harness.Format(func(format string, v any) { harness.Say(fmt.Errorf(format, v).Error()) })
	harness.Value(func(v any) { fmt.Print(v) })
	harness.Value(func(v any) { fmt.Println(v) })
	harness.Value(func(v any) { harness.Say(fmt.Sprint(v)) })
	harness.Value(func(v any) { harness.Say(fmt.Sprintln(v)) })
	harness.Value(func(v any) { fmt.Fprint(&harness.Out, v) })
	harness.Value(func(v any) { fmt.Fprintln(&harness.Out, v) })
	harness.Value(func(v any) { harness.Out.Write(fmt.Append(nil, v)) })
	harness.Value(func(v any) { harness.Out.Write(fmt.Appendln(nil, v)) })

	log.SetOutput(&harness.Out)
	l := log.New(&harness.Out, "", 0)
	harness.Format(func(format string, v any) { log.Printf(format, v) })
	harness.Format(func(format string, v any) { log.Panicf(format, v) })
	harness.Exits(func(format string, v any) { log.Fatalf(format, v) })
	harness.Value(func(v any) { log.Print(v) })
	harness.Value(func(v any) { log.Panic(v) })
	harness.Value(func(v any) { log.Println(v) })
	harness.Value(func(v any) { log.Panicln(v) })
	harness.Exits(func(_ string, v any) { log.Fatal(v) })
	harness.Exits(func(_ string, v any) { log.Fatalln(v) })
	harness.Format(func(format string, v any) { l.Printf(format, v) })
	harness.Format(func(format string, v any) { l.Panicf(format, v) })
	harness.Exits(func(format string, v any) { log.Default().Fatalf(format, v) })
	harness.Value(func(v any) { l.Print(v) })
	harness.Value(func(v any) { l.Panic(v) })
	harness.Value(func(v any) { l.Println(v) })
	harness.Value(func(v any) { l.Panicln(v) })
	harness.Exits(func(_ string, v any) { log.Default().Fatal(v) })
	harness.Exits(func(_ string, v any) { log.Default().Fatalln(v) })

	harness.Value(func(v any) { b, _ := json.Marshal(v); harness.Out.Write(b) })
	harness.Value(func(v any) { b, _ := json.MarshalIndent(v, "", " "); harness.Out.Write(b) })
	harness.Value(func(v any) { json.NewEncoder(&harness.Out).Encode(v) })

	harness.Test(func(t *testing.T, format string, v any) { t.Logf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { t.Errorf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { t.Fatalf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { t.Skipf(format, v) })
	harness.Test(func(t *testing.T, _ string, v any) { t.Log(v) })
	harness.Test(func(t *testing.T, _ string, v any) { t.Error(v) })
	harness.Test(func(t *testing.T, _ string, v any) { t.Fatal(v) })
	harness.Test(func(t *testing.T, _ string, v any) { t.Skip(v) })
	harness.Test(func(t *testing.T, format string, v any) { testing.TB(t).Logf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { testing.TB(t).Errorf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { testing.TB(t).Fatalf(format, v) })
	harness.Test(func(t *testing.T, format string, v any) { testing.TB(t).Skipf(format, v) })
	harness.Test(func(t *testing.T, _ string, v any) { testing.TB(t).Log(v) })
	harness.Test(func(t *testing.T, _ string, v any) { testing.TB(t).Error(v) })
	harness.Test(func(t *testing.T, _ string, v any) { testing.TB(t).Fatal(v) })
	harness.Test(func(t *testing.T, _ string, v any) { testing.TB(t).Skip(v) })
}
