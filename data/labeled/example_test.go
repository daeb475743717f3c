package labeled_test

import (
	"fmt"
	"os"
	"path/filepath"

	"goomtrain/data/labeled"
)

func ExampleRead() {
	dir, err := os.MkdirTemp("", "labeled")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mail.csv")
	if err := os.WriteFile(path, []byte("label,body\nspam,\"win, win\"\nham,see you\n"), 0o666); err != nil {
		panic(err)
	}
	err = labeled.Read(path, labeled.Fields{Text: "body", Label: "label"}, func(t labeled.Text) error {
		fmt.Printf("%s: %s\n", t.Label, t.Body)
		return nil
	}, nil)
	fmt.Println(err)
	// Output:
	// spam: win, win
	// ham: see you
	// <nil>
}
