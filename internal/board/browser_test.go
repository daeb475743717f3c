//go:build browser

package board

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The tests of this file need the tag browser and Chromium, as of Debian's package of that name. They fail without it.

var screenshots = flag.String("screenshots", "", "folder to write screenshots of the page to; empty: none")

// A browser is a tab of Chromium on the page of a server, and what went wrong in it.
type browser struct {
	*testing.T
	ctx    context.Context
	url    string
	mu     sync.Mutex
	errors []string
}

// newBrowser starts a server of the runs in a folder, and Chromium.
func newBrowser(t *testing.T, folder string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("force-color-profile", "srgb"), chromedp.WindowSize(1440, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to sandbox itself as root
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	board := New(Config{Folders: []string{folder}, Host: "127.0.0.1", MaxTokens: 2000, Generations: 2})
	go func() { ended <- board.Serve(serving, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server: %v", err)
		}
	})
	b := &browser{T: t, ctx: ctx, url: "http://" + l.Addr().String()}
	err = chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.errors = append(b.errors, fmt.Sprintf("%+v", *e.ExceptionDetails))
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" {
				b.errors = append(b.errors, fmt.Sprintf("console: %+v", *e.Args[0]))
			}
		}
	})
	if err != nil {
		t.Fatalf("Chromium does not start: %v; install it, such as by apt-get install chromium", err)
	}
	var limited context.CancelFunc
	b.ctx, limited = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(limited)
	return b
}

// problems are the errors of the page so far.
func (b *browser) problems() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.errors, "\n")
}

// do runs actions.
func (b *browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatalf("%s: %v; errors of the page: %s", what, err, b.problems())
	}
}

// until waits for a JavaScript expression to be true.
func (b *browser) until(what, expression string) {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(40*time.Second))); err != nil {
		b.Fatalf("%s: %v; errors of the page: %s", what, err, b.problems())
	}
}

// number evaluates a JavaScript expression.
func (b *browser) number(expression string) float64 {
	b.Helper()
	x, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return x
}

// shot writes a picture of the window of that size, in a theme.
func (b *browser) shot(name, theme string, width, height int64) {
	b.Helper()
	if *screenshots == "" {
		return
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.Fatal(err)
	}
	b.do("picture "+name, chromedp.EmulateViewport(width, height), chromedp.Sleep(700*time.Millisecond))
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.do("size of the window", chromedp.EmulateViewport(1440, 900))
}

// trainer builds cmd/train and returns a function that starts a nano run in a folder.
func trainer(t *testing.T, folder string) func(name string, flags ...string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(t.TempDir(), "train")
	if out, err := exec.Command("go", "build", "-o", program, "goomtrain/cmd/train").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	docs, err := filepath.Abs("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return func(name string, flags ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(program, append([]string{"-preset", "nano", "-data", docs, "-cache-dir", "off", "-seq", "64", "-log-every", "2",
			"-eval-every", "40", "-save-every", "40", "-sample", "200", "-out", filepath.Join(folder, name)}, flags...)...)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return cmd
	}
}

// points is the number of points of the longest curve of the first chart.
const points = `Math.max(0, ...[...document.querySelectorAll(".chart")].slice(0, 1).map((c) => Number(c.dataset.points ?? 0)))`

// TestBrowser opens the page while runs train: the curves grow, two runs are compared, one generates text.
func TestBrowser(t *testing.T) {
	folder := t.TempDir()
	b := newBrowser(t, folder)
	b.do("open", chromedp.Navigate(b.url))
	b.until("the page without runs", `document.querySelector(".empty pre")?.textContent === "go run ./cmd/train"`)

	start := trainer(t, folder)
	start("log-attention", "-model", "log-attention", "-steps", "1000000") // trains until the test ends
	b.until("the run appears", points+" > 2")
	was := b.number(points)
	b.until("its curve grows", points+" > "+strconv.Itoa(int(was)+4))
	b.until("it is running", `document.querySelector(".state.running") !== null`)

	for _, model := range []string{"goom-rnn", "delta-net"} {
		if err := start(model, "-model", model, "-steps", "400", "-lr", "0.01").Wait(); err != nil {
			t.Fatal(err)
		}
	}
	b.until("two runs have finished", `document.querySelectorAll(".state.finished").length === 2`)
	b.until("models are compared", `[...document.querySelectorAll(".runs td.text")].map((c) => c.textContent).filter((t) => t === "delta-net" || t === "goom-rnn").length === 2`)
	b.until("each has a curve", `document.querySelector(".chart").dataset.lines === "3"`)
	b.shot("light", "light", 1440, 940)
	b.shot("dark", "dark", 1440, 940)
	b.shot("phone", "light", 390, 844)

	b.do("hide a run", chromedp.Click(chromedp.CSS(`.legend li button`)))
	b.until("its curve goes", `document.querySelector(".chart").dataset.lines === "2"`)
	b.do("filter", chromedp.SendKeys(chromedp.CSS(`.legend input`), "delta finished"))
	b.until("one row is left", `document.querySelectorAll(".runs tbody tr").length === 1`)

	b.do("open a run", chromedp.Click(chromedp.CSS(`.runs tbody a`)))
	b.until("its page", `document.querySelector("h1")?.textContent === "delta-net"`)
	b.until("the norms of its layers", `[...document.querySelectorAll(".chart")].some((c) => !c.hidden && c.querySelector("h2").textContent.startsWith("Gradient norms by layer") && Number(c.dataset.lines) > 3)`)
	b.until("its sample", `document.querySelector("pre[aria-label=Sample]")?.textContent.length > 50`)
	b.until("its pictures", `[...document.images].some((i) => i.alt === "loss.png" && (i.scrollIntoView(), i.naturalWidth > 0))`)
	b.do("write a prompt", chromedp.SendKeys(chromedp.CSS(`.generate textarea`), "The <b>model</b> "), chromedp.Click(chromedp.CSS(`.generate button.main`)))
	b.until("text", `/ tokens at /.test(document.querySelector(".generate [role=status]").textContent)`)
	b.until("the text follows the prompt", `document.querySelector(".generate pre").textContent.startsWith("The <b>model</b> ") && document.querySelector(".generate pre").textContent.length > 200`)
	if n := b.number(`document.querySelectorAll(".generate pre b").length`); n != 0 {
		t.Error("text became markup")
	}
	b.number(`document.querySelector(".layers").closest("details").open = true, 0`)
	b.until("layers", `document.querySelectorAll(".layers > details").length > 2`)
	b.number(`scrollTo(0, 0), 0`)
	b.shot("run", "light", 1440, 1010)

	b.do("all runs", chromedp.Navigate(b.url+"/#/"), chromedp.Reload())
	b.until("the choice of runs stays", `document.querySelector(".chart")?.dataset.lines === "2"`)
	b.do("a phone", chromedp.EmulateViewport(390, 844))
	b.until("a phone shows the page without scrolling sideways", `document.documentElement.scrollWidth <= 390`)
	if problems := b.problems(); problems != "" {
		t.Errorf("errors of the page: %s", problems)
	}
}
