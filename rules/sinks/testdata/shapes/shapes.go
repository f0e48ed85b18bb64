// Package shapes has one variable for each shape of argument that the tests
// format. Every map holds the key "k" + the name of its field, "kself" where
// no field holds it, so that a text shows which maps were walked; every method
// returns its own name in angle brackets.
package shapes

import (
	"fmt"
	"log/slog"
	"sync"
)

type M = map[string]int

func mk(field string) M { return M{"k" + field: 1} }

type (
	Hidden   struct{ m M }
	Exported struct{ M M }
	Both     struct {
		M M
		h M
	}
	Tagged struct {
		T M `json:"-"`
	}
	Renamed struct {
		R M `json:"x"`
	}
	Holder    struct{ V Exported }
	PtrHolder struct{ P *Exported }
	hidden    struct{ E M }
	Embeds    struct{ hidden }
	EmbedsPtr struct{ *Exported }
	AnyHolder struct{ A Anything }
	Slices    struct {
		S []Exported
		T []M
	}
	Nested   struct{ N map[string]M }
	StructsN struct{ N map[string]Exported }
	Shadow   struct {
		Exported
		N int
		M string
	}
	Twice struct {
		Exported
		Other
	}
	Other          struct{ M M }
	Generic[T any] struct {
		G map[string]T
		V T
	}
	Node struct {
		L    M
		Next *Node
		Kids []Node
	}
	Locked struct {
		mu sync.Mutex
		L  M
	}
	Bytes   struct{ B []byte }
	PtrMap  struct{ P *M }
	private struct{ F Exported }
	Wraps   struct{ p private }
	InArray struct{ A [1]M }
	InChan  struct {
		B M
		C chan int
		D M
	}
	Named    map[string]int
	InNamed  struct{ N Named }
	FuncHeld struct {
		F func() `json:"-"`
		M M
	}
	DeepPtr struct{ H struct{ P *Exported } }
)

// Anything is implemented by Impl and *PtrImpl.
type Anything interface{ Is() }

type Impl struct{ I M }

func (Impl) Is() {}

// Pointing is implemented by *PtrImpl only.
type Pointing interface{ Points() }

type PtrImpl struct{ Q M }

func (*PtrImpl) Points() {}

type PointHolder struct{ A Pointing }

type (
	StringV  struct{ M M }
	StringP  struct{ M M }
	Err      struct{ M M }
	GoS      struct{ M M }
	Formats  struct{ M M }
	JSONV    struct{ M M }
	JSONP    struct{ M M }
	TextV    struct{ M M }
	LogV     struct{ M M }
	HoldsV   struct{ F StringV }
	HoldsP   struct{ F *StringP }
	hidesV   struct{ f StringV }
	Hides    struct{ H hidesV }
	HoldsJP  struct{ J JSONP }
	Promotes struct {
		StringV
		X M
	}
	SliceOfV struct{ F []StringV }
	AnonHold struct{ A struct{ Z M } }
	hidV     struct{ F StringV }
	EmbedHid struct{ hidV }
)

func (StringV) String() string              { return "<String>" }
func (*StringP) String() string             { return "<String>" }
func (*Err) Error() string                  { return "<Error>" }
func (GoS) GoString() string                { return "<GoString>" }
func (Formats) Format(f fmt.State, _ rune)  { f.Write([]byte("<Format>")) }
func (JSONV) MarshalJSON() ([]byte, error)  { return []byte(`"(MarshalJSON)"`), nil }
func (*JSONP) MarshalJSON() ([]byte, error) { return []byte(`"(MarshalJSON)"`), nil }
func (TextV) MarshalText() ([]byte, error)  { return []byte("(MarshalText)"), nil }
func (LogV) LogValue() slog.Value           { return slog.StringValue("<LogValue>") }

var (
	exported = Exported{mk("M")}
	pointed  = mk("P")
)

// The arguments, by what the tests call them.
var (
	PtrHidden               = &Hidden{mk("m")}
	ValueHidden             = Hidden{mk("m")}
	PtrExported             = &Exported{mk("M")}
	ValueExported           = Exported{mk("M")}
	PtrBoth                 = &Both{mk("M"), mk("h")}
	Self                    = mk("self")
	PtrSelf                 = &Self
	NamedSelf               = Named(mk("self"))
	SliceSelf               = []M{mk("self")}
	SliceValues             = []Exported{exported}
	SlicePtrs               = []*Exported{&exported}
	ArrayValues             = [1]Exported{exported}
	PtrSlice                = &SliceValues
	MapOfPtrs               = map[string]*Exported{"kself": &exported}
	MapOfMaps               = map[string]M{"kself": mk("self")}
	MapOfValues             = map[string]Exported{"kself": exported}
	PtrPtr                  = &PtrExported
	PtrPtrHolder            = &PtrHolder{&exported}
	ValueNested             = Holder{exported}
	PtrNested               = &Holder{exported}
	PtrDeepPtr              = &DeepPtr{struct{ P *Exported }{&exported}}
	PtrTagged               = &Tagged{mk("T")}
	PtrRenamed              = &Renamed{mk("R")}
	PtrEmbeds               = &Embeds{hidden{mk("E")}}
	PtrEmbedsPtr            = &EmbedsPtr{&exported}
	ValueEmbedsPtr          = EmbedsPtr{&exported}
	PtrAny                  = &AnyHolder{Impl{mk("I")}}
	PtrPoint                = &PointHolder{&PtrImpl{mk("Q")}}
	Iface          Anything = Impl{mk("I")}
	IfacePtr       Pointing = &PtrImpl{mk("Q")}
	IfaceSlice              = []Anything{Impl{mk("I")}}
	PtrSlices               = &Slices{[]Exported{exported}, []M{mk("T")}}
	PtrMapOfMaps            = &Nested{map[string]M{"kN": mk("inner")}}
	PtrMapOfStruct          = &StructsN{map[string]Exported{"kN": exported}}
	PtrShadow               = &Shadow{Exported: exported}
	PtrTwice                = &Twice{exported, Other{mk("M")}}
	PtrGeneric              = &Generic[Exported]{map[string]Exported{"kG": exported}, exported}
	PtrNode                 = &Node{L: mk("L"), Next: new(Node), Kids: []Node{{L: mk("L")}}}
	PtrLocked               = &Locked{L: mk("L")}
	PtrBytes                = &Bytes{[]byte("x")}
	PtrPtrMap               = &PtrMap{&pointed}
	PtrWraps                = &Wraps{private{exported}}
	PtrInArray              = &InArray{[1]M{mk("A")}}
	PtrInNamed              = &InNamed{Named(mk("N"))}
	PtrFuncHeld             = &FuncHeld{nil, mk("M")}
	PtrAnon                 = &AnonHold{struct{ Z M }{mk("Z")}}
	SyncMap                 = new(sync.Map)
	Text                    = "text"
	Number                  = 1
	Channel                 = make(chan int)
	Function                = func() {}

	ValueStringV  = StringV{mk("M")}
	PtrStringV    = &StringV{mk("M")}
	ValueStringP  = StringP{mk("M")}
	PtrStringP    = &StringP{mk("M")}
	PtrErr        = &Err{mk("M")}
	ValueErr      = Err{mk("M")}
	PtrGoS        = &GoS{mk("M")}
	PtrFormats    = &Formats{mk("M")}
	ValueJSONV    = JSONV{mk("M")}
	PtrJSONP      = &JSONP{mk("M")}
	ValueJSONP    = JSONP{mk("M")}
	PtrHoldsJP    = &HoldsJP{JSONP{mk("M")}}
	ValueHoldsJP  = HoldsJP{JSONP{mk("M")}}
	ValueTextV    = TextV{mk("M")}
	ValueLogV     = LogV{mk("M")}
	PtrHoldsV     = &HoldsV{StringV{mk("M")}}
	PtrHoldsP     = &HoldsP{&StringP{mk("M")}}
	PtrHides      = &Hides{hidesV{StringV{mk("M")}}}
	ValuePromotes = Promotes{StringV{mk("M")}, mk("X")}
	PtrSliceOfV   = &SliceOfV{[]StringV{{mk("M")}}}
	PtrEmbedHid   = &EmbedHid{hidV{StringV{mk("M")}}}
)

// All has the arguments by name.
var All = map[string]any{
	"PtrHidden": PtrHidden, "ValueHidden": ValueHidden, "PtrExported": PtrExported, "ValueExported": ValueExported,
	"PtrBoth": PtrBoth, "Self": Self, "PtrSelf": PtrSelf, "NamedSelf": NamedSelf, "SliceSelf": SliceSelf,
	"SliceValues": SliceValues, "SlicePtrs": SlicePtrs, "ArrayValues": ArrayValues, "PtrSlice": PtrSlice,
	"MapOfPtrs": MapOfPtrs, "MapOfMaps": MapOfMaps, "MapOfValues": MapOfValues, "PtrPtr": PtrPtr,
	"PtrPtrHolder": PtrPtrHolder, "ValueNested": ValueNested, "PtrNested": PtrNested, "PtrDeepPtr": PtrDeepPtr,
	"PtrTagged": PtrTagged, "PtrRenamed": PtrRenamed, "PtrEmbeds": PtrEmbeds, "PtrEmbedsPtr": PtrEmbedsPtr,
	"ValueEmbedsPtr": ValueEmbedsPtr, "PtrAny": PtrAny, "PtrPoint": PtrPoint, "Iface": Iface, "IfacePtr": IfacePtr,
	"IfaceSlice": IfaceSlice, "PtrSlices": PtrSlices, "PtrMapOfMaps": PtrMapOfMaps, "PtrMapOfStruct": PtrMapOfStruct,
	"PtrShadow": PtrShadow, "PtrTwice": PtrTwice, "PtrGeneric": PtrGeneric, "PtrNode": PtrNode, "PtrLocked": PtrLocked,
	"PtrBytes": PtrBytes, "PtrPtrMap": PtrPtrMap, "PtrWraps": PtrWraps, "PtrInArray": PtrInArray,
	"PtrInNamed": PtrInNamed, "PtrFuncHeld": PtrFuncHeld, "PtrAnon": PtrAnon, "SyncMap": SyncMap, "Text": Text,
	"Number": Number, "Channel": Channel, "Function": Function,

	"ValueStringV": ValueStringV, "PtrStringV": PtrStringV, "ValueStringP": ValueStringP, "PtrStringP": PtrStringP,
	"PtrErr": PtrErr, "ValueErr": ValueErr, "PtrGoS": PtrGoS, "PtrFormats": PtrFormats, "ValueJSONV": ValueJSONV,
	"PtrJSONP": PtrJSONP, "ValueJSONP": ValueJSONP, "PtrHoldsJP": PtrHoldsJP, "ValueHoldsJP": ValueHoldsJP,
	"ValueTextV": ValueTextV, "ValueLogV": ValueLogV, "PtrHoldsV": PtrHoldsV, "PtrHoldsP": PtrHoldsP,
	"PtrHides": PtrHides, "ValuePromotes": ValuePromotes, "PtrSliceOfV": PtrSliceOfV, "PtrEmbedHid": PtrEmbedHid,
}
