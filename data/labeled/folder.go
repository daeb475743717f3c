package labeled

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"goomtrain/data/corpus"
	"goomtrain/data/documents"
	"goomtrain/internal/regular"
)

// readFolder yields the texts of a folder of classes.
func readFolder(dir string, yield func(Text) error, skip func(file string)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	classes := 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // of what a link leads to
		if err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		classes++
		label, err := checkLabel(e.Name())
		if err != nil {
			return fmt.Errorf("class folder %s: %w", path, err)
		}
		if err := readClass(path, label, yield, skip); err != nil {
			return err
		}
	}
	if classes == 0 {
		return fmt.Errorf("%s has no folders: labeled text is a folder with a folder for each class", dir)
	}
	return nil
}

// readClass yields the files below the folder of a class.
func readClass(dir, label string, yield func(Text) error, skip func(file string)) error {
	files, err := corpus.Find(dir)
	if err != nil {
		return fmt.Errorf("class folder %s has no texts that can be read (%w): add some or remove it", dir, err)
	}
	used := 0
	for _, f := range files {
		body, err := beginning(f.Path)
		if err != nil {
			return err
		}
		if documents.CheckText(body) != nil {
			if skip != nil {
				skip(f.Path)
			}
			continue
		}
		used++
		if err := yield(Text{label, body}); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	if used == 0 {
		return fmt.Errorf("class folder %s has no file of UTF-8 text: convert them or remove it", dir)
	}
	return nil
}

// beginning reads what is used of a file.
func beginning(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxText+utf8.UTFMax))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cut(text), nil
}
