// prober.exe DIRECTORY: what prober.cjs is for node.exe, with Go's own run time, which loads ws2_32 from system32 alone.
// Makes an exchange for each file NUMBER.json that appears in DIRECTORY, and prints one JSON line for each.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A request: the fields of all kinds together, as in prober.ts.
type request struct {
	Kind         string
	Host         string
	Port         int
	LocalAddress string
	Bind         string
	BindPort     *int
	Connect      bool
	Keep         string
	Timeout      int // milliseconds
}

func (r request) patience() time.Duration {
	if r.Timeout == 0 {
		return 5 * time.Second
	}
	return time.Duration(r.Timeout) * time.Millisecond
}

// An answer: see Exchange in prober.ts.
type answer struct {
	ID           string `json:"id"`
	OK           bool   `json:"ok"`
	SeenSource   string `json:"seenSource,omitempty"`
	LocalAddress string `json:"localAddress,omitempty"`
	Peer         string `json:"peer,omitempty"`
	Port         int    `json:"port,omitempty"`
	Error        string `json:"error,omitempty"`
}

var kinds = map[string]func(request) answer{
	"tcp":        tcpClient,
	"udp":        udpClient,
	"tcp-server": tcpServer,
	"udp-server": udpServer,
	"close":      closeServer,
	"http":       httpTwice,
	"dual-stack": dualStack,
	"winsock":    whichWinsock,
}

var output sync.Mutex

func print(value any) {
	line, _ := json.Marshal(value)
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

func failed(err error) answer { return answer{Error: errorName(err)} }

func answerFile(path string) {
	id := strings.TrimSuffix(filepath.Base(path), ".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	os.Remove(path)
	var wanted request
	if err := json.Unmarshal(text, &wanted); err != nil {
		print(answer{ID: id, Error: err.Error()})
		return
	}
	kind, known := kinds[wanted.Kind]
	if !known {
		print(answer{ID: id, Error: "no such kind: " + wanted.Kind})
		return
	}
	go func() {
		result := kind(wanted)
		result.ID = id
		print(result)
	}()
}

func main() {
	directory := os.Args[1]
	fmt.Println("ready")
	for {
		files, _ := os.ReadDir(directory)
		for _, file := range files {
			if file.Name() == "quit" {
				return
			}
			if strings.HasSuffix(file.Name(), ".json") {
				answerFile(filepath.Join(directory, file.Name()))
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
