package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"goomtrain/data/gpt2"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/regular/regulartest"
)

// big is a folder with enough text to be cached.
func big(t testing.TB) string {
	return tree(t, map[string]string{"a": randomText(3, cacheMin), "b": randomText(4, 5000), "c": "end"})
}

func cacheFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCache: tokens from memory, from a fresh cache and from an old one are the same, in both widths.
func TestCache(t *testing.T) {
	gpt, err := gpt2.New()
	if err != nil {
		t.Fatal(err)
	}
	text, cache := big(t), filepath.Join(t.TempDir(), "made", "anew")
	t.Setenv("GOOMTRAIN_CACHE", cache)
	for i, tok := range []tokenizer.Tokenizer{tokenizer.Byte{}, gpt} {
		want := load(t, text, Options{Tokenizer: tok, CacheDir: "off"})
		fresh := load(t, text, Options{Tokenizer: tok})
		old := load(t, text, Options{Tokenizer: tok})
		for _, got := range []*Corpus{fresh, old} {
			if !slices.Equal(all(got), all(want)) || !slices.Equal(got.Documents, want.Documents) || got.Hash != want.Hash || len(got.Notes) > 0 {
				t.Errorf("%s: cached corpus differs: %d tokens of %d, notes %q", tok.Name(), got.Len(), want.Len(), got.Notes)
			}
		}
		if files := cacheFiles(t, cache); len(files) != i+1 {
			t.Errorf("cache holds %v", files)
		}
		if err := old.Close(); err != nil {
			t.Error(err)
		}
		if err := old.Close(); err != nil || old.Len() != 0 {
			t.Errorf("closed twice: %v, %d tokens", err, old.Len())
		}
	}
}

func TestSmallCorporaLeaveNoCache(t *testing.T) {
	cache := t.TempDir()
	load(t, tree(t, map[string]string{"a": "small"}), Options{CacheDir: cache})
	if files := cacheFiles(t, cache); len(files) > 0 {
		t.Errorf("cache holds %v", files)
	}
}

// TestDamagedCache damages a cache in many ways; each time the right tokens come, with a note, and the
// cache is whole again.
func TestDamagedCache(t *testing.T) {
	text, cache := big(t), t.TempDir()
	want := all(load(t, text, Options{CacheDir: cache}))
	path := cacheFiles(t, cache)[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[(at+len(b))%len(b)] ^= 0x10
		return b
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "one byte": {1}, "cut by one": good[:len(good)-1], "half": good[:len(good)/2], "grown": append(bytes.Clone(good), 0),
		"first token": flip(0), "a token": flip(len(good) / 2), "a length": flip(-footerSize - 9), "key": flip(-footerSize), "count": flip(-footerSize + 32),
		"documents": flip(-footerSize + 40), "width": flip(-16), "checksum": flip(-12), "magic": flip(-1),
	} {
		if err := os.WriteFile(path, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		c := load(t, text, Options{CacheDir: cache})
		if !slices.Equal(all(c), want) {
			t.Errorf("%s: other tokens", name)
		}
		if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "written again") {
			t.Errorf("%s: notes %q", name, c.Notes)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, good) {
			t.Errorf("%s: the cache is not whole again (%v)", name, err)
		}
	}
}

// TestPipeAsCache: a named pipe in the place of a cache file is replaced by the file, with a note.
func TestPipeAsCache(t *testing.T) {
	text, cache := big(t), t.TempDir()
	want := all(load(t, text, Options{CacheDir: cache}))
	path := cacheFiles(t, cache)[0]
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	regulartest.PipeAt(t, path)
	regulartest.AtOnce(t, func() {
		c := load(t, text, Options{CacheDir: cache})
		if !slices.Equal(all(c), want) || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "is a named pipe") {
			t.Errorf("%d tokens of %d, notes %q", c.Len(), len(want), c.Notes)
		}
	})
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("no cache is in the pipe's place: %v", err)
	}
}

// TestForgedCache: a checksum that is right does not make tokens outside the vocabulary right.
func TestForgedCache(t *testing.T) {
	key := sha256.Sum256([]byte("key"))
	forge := func(token uint16, length uint64) *bytes.Reader {
		b := binary.LittleEndian.AppendUint16(nil, token)
		b = binary.LittleEndian.AppendUint64(b, length)
		b = append(b, key[:]...)
		b = binary.LittleEndian.AppendUint64(b, 1)
		b = binary.LittleEndian.AppendUint64(b, 1)
		b = binary.LittleEndian.AppendUint32(b, 2)
		b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
		return bytes.NewReader(append(b, magic...))
	}
	for _, c := range []struct {
		token  uint16
		length uint64
		want   string
	}{{299, 1, ""}, {300, 1, "token 300, the vocabulary 300"}, {1, 0, "document 0 has 0 tokens"}, {1, 1 << 63, "1 are left"}, {1, 2, "1 are left"}} {
		r := forge(c.token, c.length)
		_, err := (&index{documents: make([]indexed, 1)}).checkCache(r, r.Size(), key, false, 300)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

// FuzzCheckCache: whatever a file holds, checking it ends without a panic and without believing it, unless
// it is the one good file.
func FuzzCheckCache(f *testing.F) {
	key := sha256.Sum256([]byte("key"))
	f.Add([]byte(nil))
	f.Add([]byte(strings.Repeat("\x00", 200) + magic))
	f.Add(append(append(make([]byte, 10), key[:]...), "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00GOOMTOK1"...))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, rows := range []bool{false, true} {
			x := index{documents: make([]indexed, 1)}
			if rows {
				x.documents[0].rows = []Row{}
			}
			total, err := x.checkCache(bytes.NewReader(file), int64(len(file)), key, rows, 300)
			if err == nil && (x.documents[0].tokens != total || 2*total > len(file)) {
				t.Errorf("index %+v of a file of %d bytes with %d tokens", x, len(file), total)
			}
		}
	})
}

// TestUnwritableCache: a path below a file cannot be a folder, whoever runs the test; a folder in the way
// of the cache file cannot be replaced.
func TestUnwritableCache(t *testing.T) {
	text, dir := big(t), t.TempDir()
	want := all(load(t, text, Options{CacheDir: dir}))
	path := cacheFiles(t, dir)[0]
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o777); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(tree(t, map[string]string{"file": ""}), "file", "cache")
	for _, cache := range []string{below, dir} {
		c := load(t, text, Options{CacheDir: cache})
		if !slices.Equal(all(c), want) {
			t.Errorf("%s: other tokens", cache)
		}
		if len(c.Notes) == 0 || !strings.Contains(c.Notes[len(c.Notes)-1], "kept in memory") {
			t.Errorf("%s: notes %q", cache, c.Notes)
		}
	}
	if left := cacheFiles(t, dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteErrorEndsEncoding(t *testing.T) {
	files, err := Find(big(t))
	if err != nil {
		t.Fatal(err)
	}
	found, err := scan(files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []document
	for i, s := range found {
		docs = append(docs, document{files[i], s.format, s.size, s.sum})
	}
	full := errors.New("disk full")
	if _, err := encodeTo(failing{full}, docs, Options{Tokenizer: tokenizer.Byte{}}); !errors.Is(err, full) || errors.As(err, new(sourceError)) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestLeftoversGo(t *testing.T) {
	cache := tree(t, map[string]string{".tmp-old": "x", ".tmp-new": "x", "other": "x"})
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{".tmp-old", "other"} {
		if err := os.Chtimes(filepath.Join(cache, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	load(t, big(t), Options{CacheDir: cache})
	for name, want := range map[string]bool{".tmp-old": false, ".tmp-new": true, "other": true} {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != want {
			t.Errorf("%s is there: %v", name, err == nil)
		}
	}
}

// BenchmarkLoad measures a start on the default text, when its cache must be written and when it is there.
func BenchmarkLoad(b *testing.B) {
	files, err := GoSources()
	if err != nil {
		b.Fatal(err)
	}
	run := func(b *testing.B, cache func() string) {
		for b.Loop() {
			c, err := Load(files, Options{Tokenizer: tokenizer.Byte{}, CacheDir: cache(), Keep: HandWritten})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(c.Bytes)
			c.Close()
		}
	}
	b.Run("first", func(b *testing.B) { run(b, b.TempDir) })
	cache := b.TempDir()
	b.Run("cached", func(b *testing.B) { run(b, func() string { return cache }) })
}
