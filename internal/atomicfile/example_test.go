package atomicfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"goomtrain/internal/atomicfile"
)

func Example() {
	dir, err := os.MkdirTemp("", "atomicfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	path := filepath.Join(dir, "config.toml")
	for _, text := range []string{"steps = 100\n", "steps = 200\n"} {
		if err := atomicfile.WriteFile(path, []byte(text)); err != nil {
			fmt.Println(err)
		}
	}
	text, _ := os.ReadFile(path)
	fmt.Print(string(text))
	// Output: steps = 200
}
