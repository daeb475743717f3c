package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"goomtrain/data/idx"
	"goomtrain/rng"
)

const greys = 256 // tokens 0..255 are pixels

// imageSet is one half of an IDX folder.
type imageSet struct {
	pixels []byte // [count, size]
	labels []byte // [count]
	size   int    // pixels of an image
	rows   int
}

func openImages(cfg Config, seed uint64) (*Dataset, error) {
	train, err := readImages(cfg.Data, "train")
	if err != nil {
		return nil, fmt.Errorf("image data: %w", err)
	}
	test, err := readImages(cfg.Data, "t10k")
	if err != nil {
		return nil, fmt.Errorf("image data: %w", err)
	}
	classes := 1 + int(slices.Max(train.labels))
	switch highest := int(slices.Max(test.labels)); {
	case train.size != test.size || train.rows != test.rows:
		return nil, fmt.Errorf("image data %s: the training images have %d pixels in %d rows, the test images %d in %d", cfg.Data, train.size, train.rows, test.size, test.rows)
	case train.size > maxSeqLen:
		return nil, fmt.Errorf("image data %s: an image has %d pixels, at most %d can be a sequence", cfg.Data, train.size, maxSeqLen)
	case highest >= classes:
		return nil, fmt.Errorf("image data %s: class %d is among the test labels, but the training labels end at %d", cfg.Data, highest, classes-1)
	case cfg.SeqLen != 0 && cfg.SeqLen != train.size:
		return nil, fmt.Errorf("image data %s: an image is a sequence of %d pixels, but seq is %d: leave it out", cfg.Data, train.size, cfg.SeqLen)
	}
	d := &Dataset{
		Name:        cfg.Task,
		Vocab:       greys + 1,
		SeqLen:      train.size,
		Fingerprint: fingerprint("%s %d %x %x %x %x", cfg.Task, train.rows, fingerprint("%s", train.pixels), fingerprint("%s", train.labels), fingerprint("%s", test.pixels), fingerprint("%s", test.labels)),
		Summary: fmt.Sprintf("images of %s: %d of %d x %d pixels to train on, %d to validate on, %d classes",
			cfg.Data, len(train.labels), train.rows, train.size/train.rows, len(test.labels), classes),
	}
	fill := train.nextPixel
	fillTest := test.nextPixel
	if cfg.Task == taskImages {
		d.Vocab, d.Chance = greys+classes, 1/float64(classes)
		fill, fillTest = train.classify, test.classify
	}
	d.Train = &source{
		id:     identity{cfg.Task + "/train", train.size, d.Fingerprint},
		drawer: newShuffled(rng.New(seed, "data/train"), len(train.labels), fill),
	}
	d.Valid = []Validation{{Name: "valid", Len: train.size, Source: func() (Source, error) {
		return &source{
			id:     identity{cfg.Task + "/valid", train.size, d.Fingerprint},
			drawer: &inTurn{spread{count: len(test.labels)}, fillTest},
		}, nil
	}}}
	return d, nil
}

// readImages reads the images and labels of one set: "train" or, for the test set, "t10k".
func readImages(dir, set string) (*imageSet, error) {
	images, err := readIDX(dir, set+"-images", 3)
	if err != nil {
		return nil, err
	}
	labels, err := readIDX(dir, set+"-labels", 1)
	if err != nil {
		return nil, err
	}
	if images.Dims[0] != labels.Dims[0] {
		return nil, fmt.Errorf("%s: set %s has %d images and %d labels", dir, set, images.Dims[0], labels.Dims[0])
	}
	return &imageSet{images.Data, labels.Data, images.Dims[1] * images.Dims[2], images.Dims[1]}, nil
}

// readIDX finds the file under any of the names that such folders use.
func readIDX(dir, stem string, dims int) (*idx.Array, error) {
	for _, joint := range []string{"-", "."} {
		for _, end := range []string{"", ".gz"} {
			path := filepath.Join(dir, fmt.Sprintf("%s%sidx%d-ubyte%s", stem, joint, dims, end))
			a, err := idx.Open(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil && len(a.Dims) != dims {
				err = fmt.Errorf("%s: it has %d dimensions, expected %d", path, len(a.Dims), dims)
			}
			return a, err
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no folder %q: name the folder with the four IDX files", dir)
	}
	return nil, fmt.Errorf("%s lacks %s-idx%d-ubyte (or with .gz)", dir, stem, dims)
}

// classify asks for the class after the last pixel.
func (s *imageSet) classify(image int, inputs, targets []int32) {
	for i, p := range s.pixels[image*s.size : (image+1)*s.size] {
		inputs[i], targets[i] = int32(p), -1
	}
	targets[s.size-1] = greys + int32(s.labels[image])
}

// nextPixel asks for every pixel, given those before it.
func (s *imageSet) nextPixel(image int, inputs, targets []int32) {
	last := int32(greys) // what comes before the first pixel
	for i, p := range s.pixels[image*s.size : (image+1)*s.size] {
		inputs[i], targets[i] = last, int32(p)
		last = int32(p)
	}
}

// shuffled draws every item once in random order, then all of them in another, without end.
type shuffled struct {
	random *rng.Stream
	before rng.State // of random, before the order of this round was drawn
	order  []int32
	next   int // in order
	fill   func(item int, inputs, targets []int32)
}

func newShuffled(random *rng.Stream, count int, fill func(item int, inputs, targets []int32)) *shuffled {
	s := &shuffled{random: random, order: make([]int32, count), fill: fill}
	s.shuffle()
	return s
}

// shuffle draws the order of the next round, from the generator alone (Fisher and Yates).
func (s *shuffled) shuffle() {
	s.before, s.next = s.random.State(), 0
	for i := range s.order {
		j := s.random.IntN(i + 1)
		s.order[i] = s.order[j]
		s.order[j] = int32(i)
	}
}

func (s *shuffled) draw(inputs, targets []int32) bool {
	if s.next == len(s.order) {
		s.shuffle()
	}
	s.fill(int(s.order[s.next]), inputs, targets)
	s.next++
	return true
}

func (s *shuffled) position() position {
	state := s.before
	return position{RNG: &state, Next: s.next}
}

func (s *shuffled) seek(p position) error {
	if err := sameStream(p.RNG, s.before); err != nil {
		return err
	}
	if p.Next < 0 || p.Next > len(s.order) {
		return fmt.Errorf("it stands at item %d of %d", p.Next, len(s.order))
	}
	s.random = rng.Restore(*p.RNG)
	s.shuffle()
	s.next = p.Next
	return nil
}

// inTurn draws every item once, evenly spread.
type inTurn struct {
	spread
	fill func(item int, inputs, targets []int32)
}

func (s *inTurn) draw(inputs, targets []int32) bool {
	i, ok := s.step()
	if !ok {
		return false
	}
	s.fill(i, inputs, targets)
	return true
}
