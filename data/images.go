package data

import (
	"errors"
	"fmt"
	"strconv"

	"goomtrain/rng"
	"goomtrain/settings"
)

const grays = 256 // tokens 0..255 are pixels

// PixelStart is the token before the first pixel of an image in the task image-pixels, whose other tokens are the gray
// values from 0 to 255.
const PixelStart = grays

// Images is the task "images": predict the class of an image after its last pixel.
type Images struct {
	Data    string // folder with the four IDX files
	Augment bool   // vary training images at random
}

// Settings implements Task.
func (t *Images) Settings() settings.Table {
	return settings.Table{
		imageFolderSetting(&t.Data),
		{Name: "augment", Help: "vary training images at random: mirrored, and shifted by up to 2 pixels", Value: &t.Augment, Change: settings.Steers},
	}
}

// Validate implements Task.
func (t *Images) Validate(seq int) error { return needFolder(t.Data) }

// Open implements Task. seq is 0 or the number of pixels of an image.
func (t *Images) Open(seq int, seed uint64) (*Dataset, error) {
	f, err := readFolder(t.Data, seq)
	if err != nil {
		return nil, err
	}
	d := f.dataset("images", seed, (*imageSet).classify)
	if t.Augment {
		f.train.augment(d.Train.(*source).iterator.(*shuffled), seed)
	}
	d.Vocab, d.Chance = grays+f.classes, 1/float64(f.classes)
	d.Classes = &Classes{First: grays}
	for class := range f.classes {
		d.Classes.Names = append(d.Classes.Names, strconv.Itoa(class))
	}
	d.Valid[0].Classes = d.Classes
	return d, nil
}

// ImagePixels is the task "image-pixels": predict every pixel of an image from those before it.
type ImagePixels struct {
	Data string // folder with the four IDX files
}

// Settings implements Task.
func (t *ImagePixels) Settings() settings.Table { return settings.Table{imageFolderSetting(&t.Data)} }

// Validate implements Task.
func (t *ImagePixels) Validate(seq int) error { return needFolder(t.Data) }

// Open implements Task. seq is 0 or the number of pixels of an image.
func (t *ImagePixels) Open(seq int, seed uint64) (*Dataset, error) {
	f, err := readFolder(t.Data, seq)
	if err != nil {
		return nil, err
	}
	d := f.dataset("image-pixels", seed, (*imageSet).nextPixel)
	d.Vocab = PixelStart + 1
	return d, nil
}

// imageFolderSetting may change in a resumed run: as with text, the content identifies the data.
func imageFolderSetting(value *string) settings.Setting {
	return settings.Setting{Name: "data", Help: "folder with the four IDX files of images", Value: value, Change: settings.Free}
}

func needFolder(dir string) error {
	if dir == "" {
		return errors.New(`-data "": must be the folder with the four IDX files (train-images-idx3-ubyte, ...)`)
	}
	return nil
}

// dataset is the data set of both tasks but for the vocabulary; fill writes the sequence of one image.
func (f *imageFolder) dataset(name string, seed uint64, fill func(s *imageSet, image int, inputs, targets []int32)) *Dataset {
	train, test := f.train, f.test
	contents := fingerprint("%s %d %x %x %x %x", name, train.rows, fingerprint("%s", train.pixels), fingerprint("%s", train.labels), fingerprint("%s", test.pixels), fingerprint("%s", test.labels))
	return &Dataset{
		Name:        name,
		SeqLen:      train.size,
		Rows:        train.rows,
		Fingerprint: contents,
		Train: &source{
			id: identity{name + "/train", train.size, contents},
			iterator: newShuffled(rng.New(seed, "data/train"), len(train.labels), func(image int, inputs, targets []int32) {
				fill(train, image, inputs, targets)
			}),
		},
		Valid: []Validation{{Name: "valid", Len: train.size, Source: func() (Source, error) {
			return &source{
				id: identity{name + "/valid", train.size, contents},
				iterator: &inTurn{spread{count: len(test.labels)}, func(image int, inputs, targets []int32) {
					fill(test, image, inputs, targets)
				}},
			}, nil
		}}},
		Summary: fmt.Sprintf("images of %s: %d of %d x %d pixels to train on, %d to validate on, %d classes",
			f.dir, len(train.labels), train.rows, train.size/train.rows, len(test.labels), f.classes),
	}
}

// classify counts the class after the last pixel alone.
func (s *imageSet) classify(image int, inputs, targets []int32) {
	for i, p := range s.pixels[image*s.size : (image+1)*s.size] {
		inputs[i], targets[i] = int32(p), -1
	}
	targets[s.size-1] = grays + int32(s.labels[image])
}

// nextPixel counts every pixel.
func (s *imageSet) nextPixel(image int, inputs, targets []int32) {
	last := int32(PixelStart)
	for i, p := range s.pixels[image*s.size : (image+1)*s.size] {
		inputs[i], targets[i] = last, int32(p)
		last = int32(p)
	}
}
