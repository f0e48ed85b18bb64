package known

import "strings"

// blocking lists packages whose calls may wait for the network, a disk, a
// process or another goroutine, and single functions of others.
var blocking = map[string]string{
	"net": "network", "net/http": "network", "net/rpc": "network", "crypto/tls": "network",
	"os": "file I/O", "os/exec": "runs a process", "io": "I/O", "io/ioutil": "file I/O", "bufio": "I/O",
	"database/sql": "database", "syscall": "system call", "path/filepath": "file I/O",
	"log": "writes a log", "log/slog": "writes a log", "google.golang.org/grpc": "network",
	"time.Sleep": "sleeps", "(*sync.WaitGroup).Wait": "waits", "(*sync.Cond).Wait": "waits",
	"fmt.Print": "output", "fmt.Println": "output", "fmt.Printf": "output",
	"fmt.Fprint": "output", "fmt.Fprintln": "output", "fmt.Fprintf": "output",
	"fmt.Scan": "input", "fmt.Scanln": "input", "fmt.Scanf": "input",
}

// quiet lists functions of blocking packages that do not block.
var quiet = map[string]bool{
	"os.Getenv": true, "os.LookupEnv": true, "os.IsNotExist": true, "os.Getpid": true, "os.IsExist": true,
	"path/filepath.Join": true, "path/filepath.Base": true, "path/filepath.Dir": true, "path/filepath.Ext": true,
	"path/filepath.Clean": true, "path/filepath.Split": true, "path/filepath.Rel": true, "path/filepath.IsAbs": true,
	"net.ParseIP": true, "net.JoinHostPort": true, "net.SplitHostPort": true, "net.ParseCIDR": true,
	"(net.IP).String": true, "(net.IP).Equal": true, "(*net.IPNet).String": true, "net.IPv4": true,
	"(net/http.Header).Get": true, "(net/http.Header).Set": true, "(net/http.Header).Add": true, "(net/http.Header).Del": true,
	"net/http.StatusText": true, "(net.Addr).String": true, "(*net.TCPAddr).String": true, "(net/http.Header).Clone": true,
	"os.Expand": true, "os.ExpandEnv": true, "os.IsPermission": true, "os.IsTimeout": true, "os.IsPathSeparator": true,
	"os.NewSyscallError":    true,
	"path/filepath.ToSlash": true, "path/filepath.FromSlash": true, "path/filepath.Match": true, "path/filepath.SplitList": true,
	"path/filepath.VolumeName": true, "path/filepath.IsLocal": true,
	"net.CIDRMask": true, "net.IPv4Mask": true, "net.ParseMAC": true, "(net.IP).To4": true, "(net.IP).To16": true,
	"(net.IP).Mask": true, "(net.IP).IsLoopback": true, "(net.IP).IsUnspecified": true, "(net.IP).IsPrivate": true,
	"(net.IPMask).Size": true, "(net.IPMask).String": true, "(*net.IPNet).Contains": true, "(net.HardwareAddr).String": true,
	"(*net.UDPAddr).String": true, "(*net.IPAddr).String": true, "(net.Addr).Network": true,
	"net/http.CanonicalHeaderKey": true, "net/http.ParseHTTPVersion": true, "net/http.DetectContentType": true,
	"net/http.ParseTime": true, "(net/http.Header).Values": true, "(*net/http.Cookie).String": true,
	"(*net/http.Request).Context": true, "(*net/http.Request).WithContext": true, "(*net/http.Request).UserAgent": true,
	"(*net/http.Request).Referer": true, "(*net/http.Request).PathValue": true,
	"io.MultiReader": true, "io.MultiWriter": true, "io.LimitReader": true, "io.TeeReader": true, "io.NopCloser": true,
	"io.NewSectionReader": true,
	"bufio.NewReader":     true, "bufio.NewReaderSize": true, "bufio.NewWriter": true, "bufio.NewWriterSize": true,
	"bufio.NewScanner": true, "bufio.NewReadWriter": true,
	"log.New": true, "log/slog.String": true, "log/slog.Int": true, "log/slog.Int64": true, "log/slog.Uint64": true,
	"log/slog.Bool": true, "log/slog.Duration": true, "log/slog.Time": true, "log/slog.Any": true, "log/slog.Group": true,
	"(syscall.Errno).Error": true, "(syscall.Signal).String": true,
}

// Blocks returns why a call of the named function may block, "" if it does not
// as far as is known.
func Blocks(name string) string {
	if name == "" || quiet[name] {
		return ""
	}
	if why, ok := blocking[name]; ok {
		return why
	}
	if why, ok := blocking[PackageOf(name)]; ok {
		return why
	}
	return ""
}

// harmless lists packages that only compute: their functions take no lock of
// ours, call nothing back but what they are given, and do not wait.
var harmless = map[string]bool{
	"fmt": true, "strings": true, "strconv": true, "sort": true, "slices": true, "maps": true, "errors": true,
	"bytes": true, "unicode": true, "unicode/utf8": true, "math": true, "math/rand": true, "math/big": true, "math/bits": true,
	"path": true, "time": true, "regexp": true, "reflect": true, "hash": true, "hash/fnv": true,
	"crypto/sha256": true, "crypto/sha1": true, "crypto/md5": true, "encoding/hex": true, "encoding/base64": true,
	"encoding/binary": true, "encoding/json": true, "sync": true, "sync/atomic": true, "container/list": true, "container/heap": true,
	"net/url": true, "net/netip": true, "context": true, "cmp": true, "iter": true, "hash/crc32": true, "hash/maphash": true,
	"golang.org/x/exp/maps": true, "golang.org/x/exp/slices": true, "github.com/pkg/errors": true, "github.com/google/uuid": true,
	"k8s.io/apimachinery/pkg/types": true, "k8s.io/apimachinery/pkg/util/sets": true, "k8s.io/apimachinery/pkg/labels": true,
}

// Harmless reports whether the named function only computes.
func Harmless(name string) bool {
	return quiet[name] || Blocks(name) == "" && harmless[PackageOf(name)]
}

// PackageOf returns the import path in a name such as "(*path.T).M" or "path.F".
func PackageOf(name string) string {
	name = strings.TrimLeft(name, "(*")
	if i := strings.IndexByte(name, ')'); i >= 0 {
		name = name[:i]
	}
	slash := strings.LastIndexByte(name, '/')
	if dot := strings.IndexByte(name[slash+1:], '.'); dot >= 0 {
		// A version suffix such as gopkg.in/yaml.v3 holds a dot of its own.
		return name[:slash+1+strings.LastIndexByte(name[slash+1:], '.')]
	}
	return name
}
