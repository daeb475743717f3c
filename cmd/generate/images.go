package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"goomtrain/data"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/sampling"
)

// shape returns the rows and columns of the images that a run of the task image-pixels has learned.
func (j job) shape() (rows, columns int, err error) {
	size, err := strconv.Atoi(j.saved.Setting("seq"))
	if err != nil || size < 1 {
		return 0, 0, fmt.Errorf("%s: its config.toml does not tell the number of pixels (seq)", j.o.from)
	}
	columns = j.o.width
	if columns == 0 {
		if columns = int(math.Sqrt(float64(size)) + 0.5); columns*columns != size {
			return 0, 0, fmt.Errorf("the images of %s have %d pixels, which are no square: give -width", j.o.from, size)
		}
	}
	if size%columns != 0 {
		return 0, 0, fmt.Errorf("-width %d: the images of %s have %d pixels, which are no such rows", columns, j.o.from, size)
	}
	return size / columns, columns, nil
}

// A pixelStreams is streams of a model of pixels. It excludes the token that stands before the first pixel.
type pixelStreams[F params.Float] struct{ *models.Streams[F] }

// Append implements sampling.Streams.
func (s pixelStreams[F]) Append(tokens []int32) ([]F, error) {
	logits, err := s.Streams.Append(tokens)
	excludeStart(logits, s.Len())
	return logits, err
}

// excludeStart excludes the token before the first pixel from the logits [n, vocabulary].
func excludeStart[F params.Float](logits []F, n int) {
	for vocab := len(logits) / n; n > 0; n-- {
		logits[(n-1)*vocab+data.PixelStart] = F(math.Inf(-1))
	}
}

// drawImages draws images with a model of pixels, all at once, and writes them as one picture.
func drawImages[F params.Float](j job) error {
	rows, columns, err := j.shape()
	if err == nil {
		_, err = os.Stat(filepath.Dir(j.o.png)) // now rather than when all is drawn
	}
	if err != nil {
		return err
	}
	model, err := models.Load[F](j.saved, j.o.average)
	if err != nil {
		return err
	}
	if model.Vocab() != data.PixelStart+1 {
		return fmt.Errorf("%s has a vocabulary of %d, but pixels and their start have %d", j.o.from, model.Vocab(), data.PixelStart+1)
	}
	stream, err := model.NewStream()
	if err != nil {
		return err
	}
	first, err := stream.Append([]int32{data.PixelStart})
	if err != nil {
		return err
	}
	n, size := j.o.streams, rows*columns
	b := &batch[F]{job: j, model: model}
	if err := b.fits(prompted[F]{stream: stream, length: 1}, n, size-1); err != nil {
		return err
	}
	streams, err := model.NewStreams(n)
	if err != nil {
		return err
	}
	var logits []F
	samplers := make([]*sampling.Sampler[F], n)
	for i := range n {
		if err := streams.Set(i, stream); err != nil {
			return err
		}
		if samplers[i], err = sampling.NewNumbered[F](j.o.sampling, j.o.seed, i); err != nil {
			return err
		}
		logits = append(logits, first...)
	}
	excludeStart(logits, n)
	images := make([][]uint8, n)
	begin := time.Now()
	if err := sampling.GenerateAll(pixelStreams[F]{streams}, logits, samplers, size, func(i int, token int32) (bool, error) {
		images[i] = append(images[i], uint8(token))
		return true, j.ctx.Err()
	}); err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	if err := atomicfile.Write(j.o.png, func(w io.Writer) error { return png.Encode(w, mosaic(images, rows, columns)) }); err != nil {
		return err
	}
	fmt.Fprintf(j.stderr, "%s of %d x %d pixels in %s, at %.0f pixels/s\n", printable.Count(n, "image"), rows, columns, printable.Line(j.o.png),
		float64(n*size)/max(seconds, 1e-9))
	return nil
}

const (
	zoom = 3 // side of a pixel in a picture
	gap  = 1 // pixels between two images
)

// mosaic puts images side by side, in as many rows as a square needs.
func mosaic(images [][]uint8, rows, columns int) image.Image {
	across := int(math.Ceil(math.Sqrt(float64(len(images)))))
	down := (len(images) + across - 1) / across
	width, height := across*(columns+gap)-gap, down*(rows+gap)-gap
	m := image.NewGray(image.Rect(0, 0, width*zoom, height*zoom))
	for y := range height * zoom {
		for x := range width * zoom {
			r, c := y/zoom, x/zoom
			i := r/(rows+gap)*across + c/(columns+gap)
			r, c = r%(rows+gap), c%(columns+gap)
			gray := uint8(255) // between images and after the last
			if i < len(images) && r < rows && c < columns {
				gray = images[i][r*columns+c]
			}
			m.SetGray(x, y, color.Gray{Y: gray})
		}
	}
	return m
}
