// Demo is a small server with two of the bugs that mapguard looks for.
package main

import (
	"log"
	"net/http"
	"sync"
)

// A session is shared by the handlers of all its requests.
type session struct {
	mu      sync.Mutex
	streams map[string]int // guarded by mu
}

func (s *session) open(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[name]++
}

func (s *session) close(name string) {
	s.mu.Lock()
	delete(s.streams, name)
	s.mu.Unlock()
	log.Printf("closed %s on %+v", name, s)
}

// lastSeen is when each client was last answered, and how.
var lastSeen = make(map[string]string)

// remember logs the answer to a client if it differs from the last one.
func remember(client, answer string) {
	previous, ok := lastSeen[client]
	if !ok || previous != answer {
		log.Printf("%s: %s, was %s", client, answer, previous)
	}
	lastSeen[client] = answer
}

func main() {
	s := &session{streams: make(map[string]int)}
	http.HandleFunc("/open", func(w http.ResponseWriter, r *http.Request) {
		s.open(r.URL.Path)
		remember(r.RemoteAddr, "opened")
	})
	http.HandleFunc("/close", func(w http.ResponseWriter, r *http.Request) {
		s.close(r.URL.Path)
		remember(r.RemoteAddr, "closed")
	})
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}
