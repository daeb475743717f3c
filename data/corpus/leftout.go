package corpus

import (
	"fmt"
	"path/filepath"
	"strings"

	"goomtrain/internal/printable"
)

var reasons = map[verdict]string{
	empty:      "empty",
	binaryFile: "binary, with NUL bytes",
	wide:       "in UTF-16 or UTF-32, not in UTF-8",
	notUTF8:    "not UTF-8 text",
	unwanted:   "not wanted",
}

// repeats is the reason to leave out a file that has the content of another: a link, a copy, or the same file found
// twice. If it counted twice, the model could be validated on text that it was trained on.
const repeats = "the text of another file"

// leftOut counts the files that are not part of a corpus, by reason.
type leftOut struct {
	files   int // all of them
	count   map[string]int
	example map[string]string
}

func (l *leftOut) add(reason, example string) {
	if l.count == nil {
		l.count, l.example = map[string]int{}, map[string]string{}
	}
	if l.count[reason]++; l.count[reason] == 1 {
		l.example[reason] = example
	}
}

// notes returns a line for each of these reasons for which files were left out. Names of files are made safe for a
// terminal.
func (l *leftOut) notes(reasons ...string) []string {
	var notes []string
	for _, r := range reasons {
		if l.count[r] > 0 {
			notes = append(notes, fmt.Sprintf("left out %d of %s: %s (the first: %s)", l.count[r], printable.Count(l.files, "file"), r, printable.Line(l.example[r])))
		}
	}
	return notes
}

// everything returns the error of a corpus that has no file left. It counts the files of each reason; for a single
// file it says what is wrong with it.
func (l *leftOut) everything(files []File, found []scanned) error {
	if len(files) > 1 {
		var counts []string
		if n := l.count[repeats]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d with %s", n, repeats))
		}
		for v := empty; v <= unwanted; v++ {
			if n := l.count[reasons[v]]; n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, reasons[v]))
			}
		}
		return fmt.Errorf("none of the %d files below %s can be trained on: %s; name UTF-8 text files", len(files), filepath.Dir(files[0].Path), strings.Join(counts, "; "))
	}
	path := files[0].Path
	if looks := found[0].looks; looks != "" {
		return fmt.Errorf("%s is not text; it looks like %s", path, looks)
	}
	if l.count[repeats] > 0 {
		return fmt.Errorf("%s: name each text once", l.example[repeats])
	}
	switch found[0].verdict {
	case empty:
		return fmt.Errorf("%s is empty: name a file with text in it", path)
	case binaryFile:
		return fmt.Errorf("%s is not text: byte %d is NUL; name a UTF-8 text file", path, found[0].badByte)
	case wide:
		return fmt.Errorf("%s is %s text, not UTF-8; convert it (iconv -f %[2]s -t UTF-8)", path, found[0].encoding)
	case notUTF8:
		return fmt.Errorf("%s is not UTF-8 text: byte %d is the first that is not; convert it from the encoding that it is in (iconv -f YOUR-ENCODING -t UTF-8)", path, found[0].badByte)
	default:
		return fmt.Errorf("%s is not wanted in this corpus", path)
	}
}
