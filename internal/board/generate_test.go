package board

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"goomtrain/params"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// generating is a server of a run on text, with texts of any length, and the identifier of the run.
func generating(t *testing.T) (server *httptest.Server, b *Board, id string) {
	t.Helper()
	return generatingBy(t, "text-goom-rnn")
}

// generatingBy is generating by a run of package train's tests.
func generatingBy(t *testing.T, run string) (server *httptest.Server, b *Board, id string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "a"), os.DirFS("../../train/testdata/runs/"+run)); err != nil {
		t.Fatal(err)
	}
	b = New(Config{Folders: []string{folder}, Host: "127.0.0.1", MaxTokens: 1 << 20, Generations: 1})
	server = httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	return server, b, b.list(0).Runs[0].ID
}

func post(ctx context.Context, t *testing.T, url, id string, tokens int) *http.Response {
	t.Helper()
	return postPrompt(ctx, t, url, id, "The ", tokens)
}

func postPrompt(ctx context.Context, t *testing.T, url, id, prompt string, tokens int) *http.Response {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"checkpoint":"step-00000020","prompt":%q,"tokens":%d,"topP":1,"temperature":0.8,"seed":1}`, id, prompt, tokens)
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/api/generate", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// TestGenerate: the text comes whole, and the same seed gives the same text.
func TestGenerate(t *testing.T) {
	server, _, id := generating(t)
	var texts []string
	for range 2 {
		text, last := "", message{}
		lines := json.NewDecoder(post(t.Context(), t, server.URL, id, 200).Body)
		for {
			var m message
			if err := lines.Decode(&m); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			text += m.Text
			last = m
		}
		if !last.Done || last.Tokens != 200 || last.Error != "" || text == "" {
			t.Errorf("%q, %+v", text, last)
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] {
		t.Errorf("%q and %q", texts[0], texts[1])
	}
}

// TestContextEnds: learned positions end a text, with a note, and a prompt that is longer is an error that says so.
func TestContextEnds(t *testing.T) {
	server, _, id := generatingBy(t, "text-options")
	for prompt, want := range map[string]string{
		"The ":                  `{"note":"the model's context ends after 27 tokens"} .*{"done":true,"tokens":27,"seconds":[-0-9.e]+}`, // 32, less a separator and the prompt
		strings.Repeat("a", 40): `{"error":"models: 41 tokens to read, but the model's context has 32 positions left"}`,
	} {
		answer, err := io.ReadAll(postPrompt(t.Context(), t, server.URL, id, prompt, 200).Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(string(answer)), " "); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%q: %s, want %s", prompt, got, want)
		}
	}
}

// TestCancel: while a text is generated another is refused; closing the request ends it.
func TestCancel(t *testing.T) {
	server, b, id := generating(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, err := bufio.NewReader(post(ctx, t, server.URL, id, 1<<20).Body).ReadBytes('\n')
	if err != nil || !bytes.Contains(first, []byte(`"text"`)) {
		t.Fatalf("%q, %v", first, err)
	}
	if second := post(t.Context(), t, server.URL, id, 1); second.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a second text: code %d", second.StatusCode)
	}
	cancel()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		b.turns.mu.Lock()
		busy := len(b.turns.busy)
		b.turns.mu.Unlock()
		if busy == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the text is still generated after its request has ended")
		}
	}
}

// TestParameters: the layers of a checkpoint, and the detail of a run.
func TestParameters(t *testing.T) {
	_, b, id := generating(t)
	d, ok := b.detail(id)
	if !ok || d.Generate != "" || len(d.Checkpoints) != 1 || len(d.Images) != 1 || d.Images[0].Name != "loss.png" {
		t.Fatalf("%+v", d)
	}
	p, err := b.run(id).parameters(d.Checkpoints[0].Name)
	if err != nil || !p.Measured || len(p.Layers) < 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	total := 0
	for _, l := range p.Layers {
		count, squares := 0, 0.0
		for _, tensor := range l.Tensors {
			count += tensor.Count
			squares += float64(tensor.RMS) * float64(tensor.RMS) * float64(tensor.Count)
		}
		if want := math.Sqrt(squares / float64(count)); l.Count != count || math.Abs(float64(l.RMS)-want) > 1e-9*want {
			t.Errorf("layer %s: %d numbers of size %g, want %d of %g", l.Name, l.Count, l.RMS, count, want)
		}
		for _, tensor := range l.Tensors {
			total += tensor.Count
			if params.Layer(tensor.Name) != l.Name || !(tensor.RMS >= 0) || tensor.Smallest > tensor.Largest {
				t.Errorf("%+v in layer %s", tensor, l.Name)
			}
		}
	}
	if total != p.Total || total == 0 {
		t.Errorf("%d parameters, the tensors have %d", p.Total, total)
	}
}
