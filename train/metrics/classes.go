package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
)

const (
	classesFile     = "classes.json"
	maxClassesBytes = 1 << 27 // far above 65,536 names of 1 KiB
)

// WriteClasses writes the names of the classes of a run to its folder, as classes.json.
func WriteClasses(dir string, names []string) error {
	text, err := json.MarshalIndent(names, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, classesFile), append(text, '\n'))
}

// ReadClasses reads the names that WriteClasses wrote; nil if there are none.
func ReadClasses(dir string) (names []string, err error) {
	path := filepath.Join(dir, classesFile)
	text, err := regular.ReadFile(path, maxClassesBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}
