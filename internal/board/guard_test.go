package board

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHosts: names that a site could make resolve to this machine are refused.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		requested, listening string
		want                 bool
	}{
		{"127.0.0.1:8787", "127.0.0.1", true}, {"localhost:8787", "127.0.0.1", true}, {"[::1]:8787", "127.0.0.1", true}, {"127.0.0.1", "127.0.0.1", true},
		{"evil.example:8787", "127.0.0.1", false}, {"localhost.evil.example", "127.0.0.1", false}, {"127.0.0.1.evil.example", "127.0.0.1", false}, {"", "127.0.0.1", false},
		{"192.168.1.5:8787", "127.0.0.1", false}, {"192.168.1.5:8787", "", true}, {"192.168.1.5:8787", "0.0.0.0", true}, {"evil.example", "0.0.0.0", false}, {"", "", false},
		{"Trainer:8787", "trainer", true}, {"other:8787", "trainer", false},
	} {
		if got := allowed(c.requested, c.listening); got != c.want {
			t.Errorf("Host %q of a server at %q: %v", c.requested, c.listening, got)
		}
	}
	s := newSite(t)
	r := httptest.NewRequest("GET", "http://evil.example/api/runs", nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a rebound name: code %d", w.Code)
	}
}

// TestOrders: what cannot be an order of this page is refused, with the reason.
func TestOrders(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	id := s.list(0).Runs[0].ID
	good := `{"id":"` + id + `","checkpoint":"step-00000001","tokens":5,"topP":1}`
	for name, c := range map[string]struct {
		body, content, site, origin string
		code                        int
		want                        string
	}{
		"of another site":       {good, "application/json", "cross-site", "http://evil.example", 403, "cross-origin"},
		"of another origin":     {good, "application/json", "", "http://127.0.0.1:9999", 403, "cross-origin"},
		"a form":                {good, "text/plain", "same-origin", "", 415, "application/json"},
		"no JSON":               {"x", "application/json", "", "", 400, "invalid character"},
		"too large":             {`{"prompt":"` + strings.Repeat("x", 1<<18) + `"}`, "application/json", "", "", 400, "too large"},
		"too many tokens":       {`{"tokens":101,"topP":1}`, "application/json", "", "", 400, "from 1 to 100"},
		"a wrong temperature":   {`{"tokens":5,"topP":1,"temperature":-1}`, "application/json", "", "", 400, "temperature"},
		"a run that is gone":    {`{"tokens":5,"topP":1,"id":"../a"}`, "application/json", "", "", 404, "no such run"},
		"no such checkpoint":    {good, "application/json", "same-origin", "http://127.0.0.1:8787", 404, "no checkpoint step-00000001"},
		"a path for checkpoint": {strings.Replace(good, "step-00000001", "../../a", 1), "application/json", "", "", 404, "no checkpoint"},
	} {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8787/api/generate", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.content)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: code %d, %s; want %d, %q", name, w.Code, w.Body, c.code, c.want)
		}
	}
}

// TestNoGenerating: a board without -max-tokens refuses orders, whatever they are.
func TestNoGenerating(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "http://127.0.0.1:8787/api/generate", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	New(Config{Host: "127.0.0.1"}).Handler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "generates no text: start it with -max-tokens") {
		t.Errorf("code %d, %s", w.Code, w.Body)
	}
}

// TestTurns: one text for each client, and a limit for all.
func TestTurns(t *testing.T) {
	turns := turns{most: 2, busy: map[string]bool{}}
	done, err := turns.take("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := turns.take("a"); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("a second text of a client: %v", err)
	}
	if _, err := turns.take("b"); err != nil {
		t.Error(err)
	}
	if _, err := turns.take("c"); err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("a third text: %v", err)
	}
	done()
	if _, err := turns.take("c"); err != nil {
		t.Error(err)
	}
}

// TestFilesAreThoseOfRuns: images come from the run folder only, and the page allows no script within it.
func TestFilesAreThoseOfRuns(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	s.write("a/loss.png", "picture")
	s.write("secret.png", "secret")
	if err := os.Symlink(filepath.Join(s.folder, "secret.png"), filepath.Join(s.folder, "a", "link.png")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	id := s.list(0).Runs[0].ID
	if got := s.get("/image?id="+id+"&name=loss.png", 200, nil); got != "picture" {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"link.png", "../secret.png", "..%2Fsecret.png", "config.toml", ".png", "", "none.png"} {
		if got := s.get("/image?id="+id+"&name="+name, 404, nil); strings.Contains(got, "secret\"") || got == "secret" {
			t.Errorf("%s: %q", name, got)
		}
	}
	s.get("/image?id=none&name=loss.png", 404, nil)
	s.get("/handler.go", 404, nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
	if h := w.Header(); w.Code != 200 || !strings.Contains(w.Body.String(), "app.js") || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page: code %d, %v", w.Code, h)
	}
	for _, bad := range []string{"unsafe", "*", "http"} {
		if strings.Contains(policy, bad) {
			t.Errorf("the policy has %q", bad)
		}
	}
}
