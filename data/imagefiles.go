package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"goomtrain/data/idx"
	"goomtrain/data/tasks"
)

// imageFolder is the content of an IDX folder.
type imageFolder struct {
	dir         string
	train, test *imageSet
	classes     int
}

// imageSet is the images that are trained or validated on.
type imageSet struct {
	pixels []byte // [count, size]
	labels []byte // [count]
	size   int    // pixels of an image
	rows   int
}

// readFolder reads both sets and checks that they fit each other and seq, which is 0 or the number of pixels
// of an image.
func readFolder(dir string, seq int) (*imageFolder, error) {
	train, err := readImages(dir, "train")
	if err != nil {
		return nil, fmt.Errorf("image data: %w", err)
	}
	test, err := readImages(dir, "t10k")
	if err != nil {
		return nil, fmt.Errorf("image data: %w", err)
	}
	classes := 1 + int(slices.Max(train.labels))
	switch highest := int(slices.Max(test.labels)); {
	case train.size != test.size || train.rows != test.rows:
		err = fmt.Errorf("the training images have %d pixels in %d rows, the test images %d in %d", train.size, train.rows, test.size, test.rows)
	case highest >= classes:
		err = fmt.Errorf("class %d is among the test labels, but the training labels end at %d", highest, classes-1)
	case seq != 0 && seq != train.size:
		err = fmt.Errorf("an image is a sequence of %d pixels, but -seq is %d: leave it out", train.size, seq)
	}
	if err != nil {
		return nil, fmt.Errorf("image data %s: %w", dir, err)
	}
	return &imageFolder{dir, train, test, classes}, nil
}

// readImages reads the images and labels of one set: "train" or, for the test set, "t10k".
func readImages(dir, set string) (*imageSet, error) {
	labels, err := readIDX(dir, set+"-labels", 1, func([]int) error { return nil })
	if err != nil {
		return nil, err
	}
	images, err := readIDX(dir, set+"-images", 3, func(dims []int) error {
		switch size := dims[1] * dims[2]; {
		case dims[0] != labels.Dims[0]:
			return fmt.Errorf("set %s has %d images and %d labels", set, dims[0], labels.Dims[0])
		case size > tasks.MaxLen:
			return fmt.Errorf("an image has %d pixels, at most %d can be a sequence", size, tasks.MaxLen)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &imageSet{images.Data, labels.Data, images.Dims[1] * images.Dims[2], images.Dims[1]}, nil
}

// readIDX finds the file under any of the names that such folders use. accept may refuse its dimensions, of which there are
// dims.
func readIDX(dir, stem string, dims int, accept func(dims []int) error) (*idx.Array, error) {
	for _, joint := range []string{"-", "."} {
		for _, end := range []string{"", ".gz"} {
			path := filepath.Join(dir, fmt.Sprintf("%s%sidx%d-ubyte%s", stem, joint, dims, end))
			a, err := idx.OpenIf(path, func(has []int) error {
				if len(has) != dims {
					return fmt.Errorf("it has %d dimensions, expected %d", len(has), dims)
				}
				return accept(has)
			})
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return a, err
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no folder %q: name the folder with the four IDX files", dir)
	}
	return nil, fmt.Errorf("%s lacks %s-idx%d-ubyte (or with .gz)", dir, stem, dims)
}
