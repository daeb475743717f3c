package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Example shows the answer to an address without a port.
func Example() {
	code := run(context.Background(), []string{"-addr", "8787"}, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// board: -addr 8787: must be HOST:PORT, such as 127.0.0.1:8787
	// exit code 2
}

// TestServes: the command prints where the page is, serves it, and ends with its context.
func TestServes(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in, out := io.Pipe()
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"-addr", "127.0.0.1:0", t.TempDir()}, out, &errs) }()
	line := make([]byte, 4096)
	n, err := in.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+`).FindString(string(line[:n]))
	response, err := http.Get(url + "/api/runs")
	if err != nil {
		t.Fatalf("%q: %v", line[:n], err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("code %d", response.StatusCode)
	}
	cancel()
	select {
	case c := <-code:
		if c != 0 || errs.Len() > 0 {
			t.Errorf("exit code %d, %s", c, errs.String())
		}
	case <-time.After(10 * time.Second):
		t.Error("the command does not end")
	}
}

// TestRefusals: each mistake gives one line that says what to do.
func TestRefusals(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy, file := l.Addr().String(), filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-addr", busy}, 1, "another program listens at " + busy},
		{[]string{"-addr", "127.0.0.1:99999"}, 1, "cannot listen at 127.0.0.1:99999"},
		{[]string{"-generations", "0"}, 2, "-generations 0"},
		{[]string{"-adr", "8787"}, 2, "did you mean -addr?"},
		{[]string{file}, 1, "is a file: name a run folder"},
		{[]string{file + "/none"}, 1, "none"},
	} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), c.args, &out, &errs); code != c.code || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%v: exit code %d, %q; want %d, %q", c.args, code, errs.String(), c.code, c.want)
		}
	}
}

// TestHelp: the help names the folder of runs and the flags.
func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"-h"}, &out, &errs); code != 0 || errs.Len() > 0 || !strings.HasPrefix(out.String(), "Usage: go run ./cmd/board ") || !strings.Contains(out.String(), "default is runs.") || !strings.Contains(out.String(), "-max-tokens") {
		t.Errorf("exit code %d, %s\n%s", code, &errs, &out)
	}
}

// TestWarnsOfOthers: an address that other machines reach is warned of, and the page has a name that a browser can open.
func TestWarnsOfOthers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for address, want := range map[string]bool{":0": true, "0.0.0.0:0": true, "127.0.0.1:0": false, "localhost:0": false} {
		var out, errs bytes.Buffer
		if code := run(ctx, []string{"-addr", address, t.TempDir()}, &out, &errs); code != 0 || strings.Contains(errs.String(), "no password") != want {
			t.Errorf("%s: exit code %d, %q", address, code, errs.String())
		}
		host := "localhost"
		if address == "127.0.0.1:0" {
			host = "127.0.0.1"
		}
		if !regexp.MustCompile(` at http://` + host + `:[1-9][0-9]* \(Ctrl-C`).MatchString(out.String()) {
			t.Errorf("%s: %q", address, out.String())
		}
	}
}
