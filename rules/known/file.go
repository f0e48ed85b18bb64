package known

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/mapguard/mapguard/rules/access"
)

// FileName is the name of the file that a user's rows are in.
const FileName = ".mapguard.json"

// A File is a user's rows, as README.md describes them.
type File struct {
	Rows Rows
	Refs []Ref // what the rows name, in the order of the file
}

// A Ref is a function, field or type that a row names.
type Ref struct {
	Where  string // "FILE:LINE: goroutines[0]"
	Func   string // "path.F", "(*path.T).M"
	Field  string // "path.T.F"
	Type   string // "path.T"
	Args   []int  // of Func that are meant to be functions, or to have Method; Receiver or -1 aside
	Method string
	Wait   string // a method beside Func
	Map    bool   // Args are maps
}

// The rows as they are written.
type (
	goroutineRow struct {
		Func     string `json:"func"`
		Arg      *int   `json:"arg"`
		Method   string `json:"method"`
		Overlaps bool   `json:"overlaps_itself"`
		Ended    bool   `json:"ended_on_return"`
		AtOnce   bool   `json:"starts_at_once"`
		InTurn   bool   `json:"in_turn"`
		Wait     string `json:"waited_for_by"`
	}
	callbackRow struct {
		Field    string `json:"field"`
		Method   string `json:"method"`
		Overlaps bool   `json:"overlaps_itself"`
	}
	handlerRow struct {
		Method    string `json:"method"`
		Signature string `json:"signature"`
	}
	serviceRow struct {
		Registrar string `json:"registrar"`
	}
	synchronousRow struct {
		Func   string `json:"func"`
		Module string `json:"module"`
	}
	mapRow struct {
		Func string `json:"func"`
		Arg  *int   `json:"arg"`
		Does string `json:"does"`
	}
)

// sections says how to read the rows of each list of a file.
var sections = map[string]func(f *File, where string, raw json.RawMessage) error{
	"goroutines": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r goroutineRow) error { return f.goroutine(where, r) })
	},
	"callbacks": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r callbackRow) error { return f.callback(where, r) })
	},
	"handlers": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r handlerRow) error { return f.handler(where, r) })
	},
	"services": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r serviceRow) error { return f.service(where, r) })
	},
	"synchronous": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r synchronousRow) error { return f.here(where, r) })
	},
	"maps": func(f *File, where string, raw json.RawMessage) error {
		return readRow(raw, func(r mapRow) error { return f.mapCall(where, r) })
	},
}

// sectionNames are in the order of the documentation.
var sectionNames = []string{"goroutines", "callbacks", "handlers", "services", "synchronous", "maps"}

// Parse reads the rows of a file; name is for messages. Its errors name the
// line and the row, and say what is expected there.
func Parse(name string, data []byte) (*File, error) {
	p := &parser{name: name, data: data, dec: json.NewDecoder(bytes.NewReader(data)), file: &File{}}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.file, nil
}

type parser struct {
	name string
	data []byte
	dec  *json.Decoder
	file *File
}

func (p *parser) parse() error {
	if err := p.open('{', "an object with the lists "+strings.Join(sectionNames, ", ")); err != nil {
		return err
	}
	var seen []string
	for p.dec.More() {
		at := p.next()
		tok, err := p.dec.Token()
		if err != nil {
			return p.syntax(err)
		}
		section, _ := tok.(string)
		switch {
		case sections[section] == nil:
			return p.errorf(at, "there is no list %q: there are %s", section, strings.Join(sectionNames, ", "))
		case slices.Contains(seen, section):
			return p.errorf(at, "the list %q is here twice: write one", section)
		}
		seen = append(seen, section)
		if err := p.list(section); err != nil {
			return err
		}
	}
	if _, err := p.dec.Token(); err != nil {
		return p.syntax(err)
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return p.errorf(p.next(), "nothing may follow the closing brace")
	}
	return nil
}

// list reads the rows of a section.
func (p *parser) list(section string) error {
	if err := p.open('[', fmt.Sprintf("%q is a list of rows", section)); err != nil {
		return err
	}
	for i := 0; p.dec.More(); i++ {
		at := p.next()
		var raw json.RawMessage
		if err := p.dec.Decode(&raw); err != nil {
			return p.syntax(err)
		}
		row := fmt.Sprintf("%s[%d]", section, i)
		where := fmt.Sprintf("%s:%d: %s", p.name, p.line(at), row)
		err := sections[section](p.file, where, raw)
		if in := (*rowError)(nil); errors.As(err, &in) {
			return p.errorf(at+in.offset, "%s: %s", row, in.text)
		} else if err != nil {
			return p.errorf(at, "%s: %v", row, err)
		}
	}
	_, err := p.dec.Token()
	if err != nil {
		return p.syntax(err)
	}
	return nil
}

// open reads an opening brace or bracket.
func (p *parser) open(delim json.Delim, want string) error {
	at := p.next()
	tok, err := p.dec.Token()
	if err != nil {
		return p.syntax(err)
	}
	if tok != delim {
		return p.errorf(at, "expected %s, found %v: %s", delim, tok, want)
	}
	return nil
}

// next returns the offset of the next token.
func (p *parser) next() int {
	at := int(p.dec.InputOffset())
	for at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) line(at int) int {
	return 1 + bytes.Count(p.data[:min(at, len(p.data))], []byte("\n"))
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.name, p.line(at), fmt.Sprintf(format, args...))
}

func (p *parser) syntax(err error) error {
	at := int(p.dec.InputOffset())
	if syn := (*json.SyntaxError)(nil); errors.As(err, &syn) {
		at = int(syn.Offset) - 1
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return p.errorf(len(p.data), "the file ends too early: it is a JSON object")
	}
	return p.errorf(at, "%v", err)
}

// A rowError is what is wrong with a row, and where in its text.
type rowError struct {
	offset int
	text   string
}

func (e *rowError) Error() string { return e.text }

var unknownField = regexp.MustCompile(`^json: unknown field (".*")$`)

// readRow decodes a row, and takes it.
func readRow[T any](raw json.RawMessage, take func(T) error) error {
	var row T
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(&row)
	if typ := (*json.UnmarshalTypeError)(nil); errors.As(err, &typ) {
		field := typ.Field
		if field == "" {
			return &rowError{0, fmt.Sprintf("a row is an object, not a %s", typ.Value)}
		}
		return &rowError{int(typ.Offset), fmt.Sprintf("%q is a %s, not a %s", field, typ.Type, typ.Value)}
	}
	if err != nil {
		if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
			return &rowError{max(0, bytes.Index(raw, []byte(m[1]))), fmt.Sprintf("there is no field %s: there are %s", m[1], strings.Join(fieldsOf(row), ", "))}
		}
		return err
	}
	return take(row)
}

// fieldsOf returns the names of a row's fields.
func fieldsOf(row any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(row)) {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}

var (
	funcName  = regexp.MustCompile(`^(\(\*?[^\s()*]+\.\w+\)\.\w+|[^\s()*]+\.\w+)$`)
	fieldName = regexp.MustCompile(`^([^\s()*]+)\.(\w+)\.(\w+)$`)
	typeName  = regexp.MustCompile(`[\w~.-]+(?:/[\w~.-]+)*\.[\pL_]\w*`)
)

func checkFunc(name string) error {
	if !funcName.MatchString(name) {
		return fmt.Errorf(`"func" is %q: write "example.com/pkg.Func", "(*example.com/pkg.Type).Method" or "(example.com/pkg.Interface).Method"`, name)
	}
	return nil
}

func (f *File) goroutine(where string, r goroutineRow) error {
	switch err := checkFunc(r.Func); {
	case err != nil:
		return err
	case r.Arg == nil:
		return fmt.Errorf(`"arg" is missing: the index of the argument that is run, from 0, or -1 for every argument`)
	case *r.Arg < -1:
		return fmt.Errorf(`"arg" is %d: the index of the argument that is run, from 0, or -1 for every argument`, *r.Arg)
	case r.Ended && (r.AtOnce || r.Wait != ""):
		return fmt.Errorf(`what is "ended_on_return" neither goes on after its start nor is waited for: leave out "starts_at_once" and "waited_for_by"`)
	case r.Wait != "" && !strings.HasPrefix(r.Func, "(*"):
		return fmt.Errorf(`"waited_for_by" names another method of the type whose method "func" is, and %q is not a method of a pointer`, r.Func)
	}
	f.Rows.Starters = append(f.Rows.Starters, Starter{
		Func: r.Func, Arg: *r.Arg, Method: r.Method, Multi: r.Overlaps, Ends: r.Ended, Wait: r.Wait, Now: r.AtOnce, Turns: r.InTurn,
	})
	f.Refs = append(f.Refs, Ref{Where: where, Func: r.Func, Args: []int{*r.Arg}, Method: r.Method, Wait: r.Wait})
	return nil
}

func (f *File) callback(where string, r callbackRow) error {
	m := fieldName.FindStringSubmatch(r.Field)
	if m == nil {
		return fmt.Errorf(`"field" is %q: write "example.com/pkg.Type.Field"`, r.Field)
	}
	f.Rows.Fields = append(f.Rows.Fields, Field{Step: access.Step{Pkg: m[1], Type: m[2], Name: m[3]}, Method: r.Method, Multi: r.Overlaps})
	f.Refs = append(f.Refs, Ref{Where: where, Field: r.Field, Method: r.Method})
	return nil
}

func (f *File) handler(where string, r handlerRow) error {
	if !strings.HasPrefix(r.Signature, "func(") || strings.Count(r.Signature, "(") != strings.Count(r.Signature, ")") {
		return fmt.Errorf(`"signature" is %q: write "func(*example.com/pkg.Context, string) error", with import paths and without parameter names`, r.Signature)
	}
	f.Rows.Handlers = append(f.Rows.Handlers, Handler(r))
	for _, typ := range typeName.FindAllString(strings.ReplaceAll(r.Signature, "...", ""), -1) {
		f.Refs = append(f.Refs, Ref{Where: where, Type: typ})
	}
	return nil
}

func (f *File) service(where string, r serviceRow) error {
	typ := strings.TrimPrefix(r.Registrar, "*")
	if typeName.FindString(typ) != typ || typ == "" {
		return fmt.Errorf(`"registrar" is %q: write the type of the first parameter of RegisterXServer(registrar, implementation), such as "*example.com/rpc.Server"`, r.Registrar)
	}
	f.Rows.Registrars = append(f.Rows.Registrars, Registrar{r.Registrar})
	f.Refs = append(f.Refs, Ref{Where: where, Type: typ})
	return nil
}

func (f *File) here(where string, r synchronousRow) error {
	if (r.Func == "") == (r.Module == "") {
		return fmt.Errorf(`write either "func" or "module"`)
	}
	f.Rows.Synchronous = append(f.Rows.Synchronous, Synchronous(r))
	if r.Func == "" {
		return nil
	}
	f.Refs = append(f.Refs, Ref{Where: where, Func: r.Func})
	return checkFunc(r.Func)
}

func (f *File) mapCall(where string, r mapRow) error {
	op, ok := map[string]access.Op{"read": access.Read, "iterate": access.Iterate, "write": access.Write}[r.Does]
	switch err := checkFunc(r.Func); {
	case err != nil:
		return err
	case r.Arg == nil || *r.Arg < Receiver:
		return fmt.Errorf(`"arg" is the index of the argument that is the map, from 0, or -1 for the receiver`)
	case !ok:
		return fmt.Errorf(`"does" is %q: read, iterate or write`, r.Does)
	}
	f.Rows.MapCalls = append(f.Rows.MapCalls, MapCall{r.Func, *r.Arg, op})
	f.Refs = append(f.Refs, Ref{Where: where, Func: r.Func, Args: []int{*r.Arg}, Map: true})
	return nil
}
