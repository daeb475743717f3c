package board

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"time"

	"goomtrain/internal/printable"
)

//go:embed assets
var assets embed.FS

// Handler returns the page and its interface.
func (b *Board) Handler() http.Handler {
	page, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.HandleFunc("GET /api/runs", b.serveRuns)
	mux.HandleFunc("GET /api/curves", b.serveCurves)
	mux.HandleFunc("GET /api/run", b.serveRun)
	mux.HandleFunc("GET /api/parameters", b.serveParameters)
	mux.HandleFunc("GET /image", b.serveImage)
	mux.HandleFunc("POST /api/generate", b.serveGenerate)
	return guard(b.config.Host, mux)
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value) // an error is that of the connection
}

// refuse answers with an error of one line.
func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(message{Error: printable.Short(err.Error(), 1000)})
}

var errNoRun = errors.New("there is no such run any more")

func (b *Board) serveRuns(w http.ResponseWriter, r *http.Request) {
	since, _ := strconv.ParseInt(r.FormValue("since"), 10, 64) // 0 asks for all
	reply(w, b.list(since))
}

func (b *Board) serveCurves(w http.ResponseWriter, r *http.Request) {
	q, err := parseCurves(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	reply(w, b.curves(q))
}

func (b *Board) serveRun(w http.ResponseWriter, r *http.Request) {
	d, ok := b.detail(r.FormValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, errNoRun)
		return
	}
	reply(w, d)
}

func (b *Board) serveParameters(w http.ResponseWriter, r *http.Request) {
	run := b.run(r.FormValue("id"))
	if run == nil {
		refuse(w, http.StatusNotFound, errNoRun)
		return
	}
	select { // a reader of weights keeps a core busy
	case b.reads <- true:
		defer func() { <-b.reads }()
	case <-r.Context().Done():
		return
	}
	p, err := run.parameters(r.FormValue("checkpoint"))
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	reply(w, p)
}

func (b *Board) serveImage(w http.ResponseWriter, r *http.Request) {
	run, name := b.run(r.FormValue("id")), r.FormValue("name")
	if run == nil || !isImage(name) {
		refuse(w, http.StatusNotFound, errors.New("there is no such picture"))
		return
	}
	picture, err := run.read(name, maxImage)
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(picture)
}

func (b *Board) serveGenerate(w http.ResponseWriter, r *http.Request) {
	if b.config.MaxTokens == 0 {
		refuse(w, http.StatusForbidden, errors.New("this server generates no text: start it with -max-tokens above 0"))
		return
	}
	if r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, errors.New("an order must be application/json"))
		return
	}
	var o order
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<17)).Decode(&o)
	if err == nil {
		err = o.validate(b.config.MaxTokens)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	run := b.run(o.ID)
	if run == nil {
		refuse(w, http.StatusNotFound, errNoRun)
		return
	}
	dir, err := run.checkpointDir(o.Checkpoint)
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	done, err := b.turns.take(address + " " + o.Client)
	if err != nil {
		refuse(w, http.StatusTooManyRequests, err)
		return
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), generateFor)
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	control := http.NewResponseController(w)
	send := func(m message) error {
		control.SetWriteDeadline(time.Now().Add(writeFor)) // of this piece; servers of tests may have none
		if err := lines.Encode(m); err != nil {
			return err
		}
		return control.Flush()
	}
	if err := generate(ctx, dir, o, send); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("stopped after five minutes")
		}
		send(message{Error: printable.Short(err.Error(), 1000)})
	}
}
