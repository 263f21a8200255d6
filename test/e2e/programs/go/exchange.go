package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The names that node.exe gives these errors, so that one table judges both.
var errorNames = map[syscall.Errno]string{
	10013: "EACCES",
	10049: "EADDRNOTAVAIL",
	10051: "ENETUNREACH",
	10054: "ECONNRESET",
	10060: "ETIMEDOUT",
	10061: "ECONNREFUSED",
	10065: "EHOSTUNREACH",
	1225:  "ECONNREFUSED", // ERROR_CONNECTION_REFUSED and those after it: how ConnectEx says them
	1231:  "ENETUNREACH",
	1232:  "EHOSTUNREACH",
	121:   "ETIMEDOUT",
}

func errorName(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		if name, known := errorNames[number]; known {
			return name
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "TIMEOUT"
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "TIMEOUT"
	}
	return err.Error()
}

func hostOf(address net.Addr) string {
	host, _, _ := net.SplitHostPort(address.String())
	return host
}

// How the echo servers describe whom they see.
type seen struct {
	Peer string
	Port int
}

func addressOf(r request) string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// Dials with a deadline, as net/http does.
func tcpClient(r request) answer {
	dialer := net.Dialer{Deadline: time.Now().Add(r.patience())}
	if r.LocalAddress != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.LocalAddress)}
	}
	connection, err := dialer.Dial("tcp", addressOf(r))
	if err != nil {
		return failed(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(r.patience()))
	if _, err := io.WriteString(connection, "who am I?\n"); err != nil {
		return failed(err)
	}
	line, err := bufio.NewReader(connection).ReadBytes('\n')
	if err != nil {
		return failed(err)
	}
	var told seen
	if err := json.Unmarshal(line, &told); err != nil {
		return failed(err)
	}
	return answer{OK: true, SeenSource: told.Peer, LocalAddress: hostOf(connection.LocalAddr()), Peer: hostOf(connection.RemoteAddr())}
}

var (
	kept   = map[string]*net.UDPConn{}
	tables sync.Mutex // of kept and servers
)

// The socket that a request is about, and whether it stays.
func datagramSocket(r request) (*net.UDPConn, bool, error) {
	if r.Connect {
		local := (*net.UDPAddr)(nil)
		if r.Bind != "" || r.BindPort != nil {
			local = localOf(r)
		}
		remote, err := net.ResolveUDPAddr("udp4", addressOf(r))
		if err != nil {
			return nil, false, err
		}
		socket, err := net.DialUDP("udp4", local, remote)
		return socket, false, err
	}
	if r.Keep == "" {
		socket, err := net.ListenUDP("udp4", localOf(r))
		return socket, false, err
	}
	tables.Lock()
	defer tables.Unlock()
	if socket, known := kept[r.Keep]; known {
		return socket, true, nil
	}
	socket, err := net.ListenUDP("udp4", localOf(r))
	if err == nil {
		kept[r.Keep] = socket
	}
	return socket, true, err
}

func localOf(r request) *net.UDPAddr {
	local := &net.UDPAddr{}
	if r.Bind != "" && r.Bind != "any" {
		local.IP = net.ParseIP(r.Bind)
	}
	if r.BindPort != nil {
		local.Port = *r.BindPort
	}
	return local
}

func udpClient(r request) answer {
	socket, stays, err := datagramSocket(r)
	if err != nil {
		return failed(err)
	}
	if !stays {
		defer socket.Close()
	}
	remote := &net.UDPAddr{IP: net.ParseIP(r.Host), Port: r.Port}
	buffer := make([]byte, 512)
	deadline := time.Now().Add(r.patience())
	for {
		if r.Connect {
			_, err = socket.Write([]byte("who am I?"))
		} else {
			_, err = socket.WriteTo([]byte("who am I?"), remote)
		}
		if err != nil {
			return failed(err)
		}
		// Datagrams may be lost.
		again := time.Now().Add(time.Second)
		if again.After(deadline) {
			again = deadline
		}
		socket.SetReadDeadline(again)
		length, from, err := socket.ReadFromUDP(buffer)
		if err == nil {
			var told seen
			if err := json.Unmarshal(buffer[:length], &told); err != nil {
				return failed(err)
			}
			return answer{OK: true, SeenSource: told.Peer, LocalAddress: hostOf(socket.LocalAddr()), Peer: from.IP.String()}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || !time.Now().Before(deadline) {
			return failed(err)
		}
	}
}

type visit struct {
	Protocol     string `json:"protocol"`
	Peer         string `json:"peer"`
	Port         int    `json:"port"`
	LocalAddress string `json:"localAddress,omitempty"`
}

func tell(what visit) {
	print(struct {
		Seen visit `json:"seen"`
	}{what})
}

var servers = map[int]io.Closer{}

func keepServer(port int, server io.Closer) answer {
	tables.Lock()
	defer tables.Unlock()
	servers[port] = server
	return answer{OK: true, Port: port}
}

func closeServer(r request) answer {
	tables.Lock()
	defer tables.Unlock()
	server, known := servers[r.Port]
	if !known {
		return answer{Error: "nothing listens there"}
	}
	delete(servers, r.Port)
	if err := server.Close(); err != nil {
		return failed(err)
	}
	return answer{OK: true}
}

func describe(address string, port int) []byte {
	text, _ := json.Marshal(struct {
		Peer string `json:"peer"`
		Port int    `json:"port"`
	}{address, port})
	return text
}

func tcpServer(r request) answer {
	listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(r.Port)))
	if err != nil {
		return failed(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				from := connection.RemoteAddr().(*net.TCPAddr)
				tell(visit{"tcp", from.IP.String(), from.Port, hostOf(connection.LocalAddr())})
				if _, err := bufio.NewReader(connection).ReadBytes('\n'); err == nil {
					connection.Write(append(describe(from.IP.String(), from.Port), '\n'))
				}
			}()
		}
	}()
	return keepServer(r.Port, listener)
}

func udpServer(r request) answer {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{Port: r.Port})
	if err != nil {
		return failed(err)
	}
	go func() {
		buffer := make([]byte, 512)
		for {
			_, from, err := socket.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			tell(visit{"udp", from.IP.String(), from.Port, ""})
			socket.WriteToUDP(describe(from.IP.String(), from.Port), from)
		}
	}()
	return keepServer(r.Port, socket)
}

// A web server of its own, asked twice over one connection that is kept alive.
func httpTwice(request) answer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		io.WriteString(out, in.RemoteAddr)
	})}
	go server.Serve(listener)
	defer server.Close()
	var first string
	for i := 0; i < 2; i++ {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			return failed(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return failed(err)
		}
		if i == 0 {
			first = string(text)
		} else if string(text) != first {
			return answer{Error: "the connection was not kept: " + first + ", then " + string(text)}
		}
	}
	host, _, _ := net.SplitHostPort(first)
	return answer{OK: true, SeenSource: host}
}

// A server on the IPv6 wildcard, which Go makes dual-stack, and clients of both families.
func dualStack(request) answer {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		return failed(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "::1"} {
		accepted := make(chan answer, 1)
		go func() {
			connection, err := listener.Accept()
			if err != nil {
				accepted <- failed(err)
				return
			}
			defer connection.Close()
			accepted <- answer{OK: true, SeenSource: hostOf(connection.RemoteAddr())}
		}()
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
		if err != nil {
			return failed(err)
		}
		result := <-accepted
		connection.Close()
		if !result.OK || result.SeenSource != host {
			return answer{Error: host + " came as " + result.SeenSource + " " + result.Error}
		}
	}
	return answer{OK: true, SeenSource: "::1"}
}

// Whether the ws2_32.dll that this process has from system32 is the test Winsock: no other has such an export.
func whichWinsock(request) answer {
	dll := syscall.NewLazyDLL(os.Getenv("SystemRoot") + `\system32\ws2_32.dll`)
	if err := dll.NewProc("TestWinsockArm").Find(); err != nil {
		return answer{Error: "Wine's own ws2_32.dll"}
	}
	return answer{OK: true}
}
