package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"goomtrain/data"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/printable"
	"goomtrain/models"
)

// A picture is a test image of the task images.
type picture struct {
	pixels []int32
	rows   int
	class  int
}

// readImage returns the test image whose number the input is. The run was trained on images of seq pixels.
func readImage(o options, task *data.Images, sizes *models.Classifier, seq int) (*picture, error) {
	if o.html != "" {
		return nil, errors.New("-html: the run is of images: give -png")
	}
	index, err := strconv.Atoi(o.input)
	if err != nil {
		return nil, fmt.Errorf("INPUT %q: the run is of images: give the number of a test image, from 0 on", o.input)
	}
	dir := task.Data
	if o.data != "" {
		dir = o.data
	}
	p := &picture{}
	p.pixels, p.rows, p.class, err = data.TestImage(dir, index)
	if err != nil {
		return nil, err
	}
	const give = "give -data the images of the training"
	size := fmt.Sprintf("%dx%d", p.rows, len(p.pixels)/p.rows)
	switch {
	case p.class >= sizes.Classes:
		return nil, fmt.Errorf("test image %d of %s has the label %d, but the run knows the classes 0 to %d: %s", index, dir, p.class, sizes.Classes-1, give)
	case sizes.Image != "" && size != sizes.Image:
		return nil, fmt.Errorf("the images of %s have %s pixels, but the run was trained on %s: %s", dir, size, sizes.Image, give)
	case seq > 0 && len(p.pixels) != seq:
		return nil, fmt.Errorf("the images of %s have %s pixels, but the run was trained on images of %d: %s", dir, size, seq, give)
	}
	return p, nil
}

func (p *picture) tokens() []int32 { return p.pixels }

func (p *picture) show(o options, r result, out io.Writer) error {
	if o.png != "" { // first: a reader such as head may end the program at any line
		if err := atomicfile.Write(o.png, func(w io.Writer) error { return png.Encode(w, p.overlay(r.credit())) }); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "test image %s of class %s: ", o.input, r.name(p.class))
	likely(r, out)
	p.lines(o, r.credit(), out)
	if o.png != "" {
		fmt.Fprintf(out, "picture in %s\n", printable.Line(o.png))
	}
	return nil
}

// lines prints the credit of every second pixel of every second row, colored or as signs of its size.
func (p *picture) lines(o options, credit []float64, out io.Writer) {
	columns, largest := len(p.pixels)/p.rows, largestOf(credit)
	for r := 0; r < p.rows; r += 2 {
		for c := 0; c < columns; c += 2 {
			x := credit[r*columns+c] / largest
			switch red, green, blue := shade(x); {
			case o.color:
				fmt.Fprintf(out, "\x1b[48;2;%d;%d;%dm  \x1b[0m", red, green, blue)
			default:
				fmt.Fprint(out, sign(x))
			}
		}
		fmt.Fprintln(out)
	}
}

// sign is a credit from -1 to 1 in two characters.
func sign(x float64) string {
	switch {
	case x > 0.5:
		return "++"
	case x > 0.15:
		return "+ "
	case x < -0.5:
		return "--"
	case x < -0.15:
		return "- "
	}
	return ". "
}

// largestOf is the largest magnitude, or 1 if all are 0.
func largestOf(credit []float64) float64 {
	largest := 0.0
	for _, x := range credit {
		largest = math.Max(largest, math.Abs(x))
	}
	if largest == 0 {
		return 1
	}
	return largest
}

// zoom is the side of a pixel in a picture.
const zoom = 8

// overlay draws the image twice: as it is, and tinted by its credit.
func (p *picture) overlay(credit []float64) image.Image {
	columns, largest := len(p.pixels)/p.rows, largestOf(credit)
	m := image.NewRGBA(image.Rect(0, 0, (2*columns+1)*zoom, p.rows*zoom))
	for y := range p.rows * zoom {
		for x := range (2*columns + 1) * zoom {
			r, c := y/zoom, x/zoom
			if c == columns { // the gap
				m.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
				continue
			}
			at := r*columns + c%(columns+1)
			gray := uint8(p.pixels[at])
			tint := color.RGBA{gray, gray, gray, 255}
			if c > columns {
				red, green, blue := shade(credit[at] / largest)
				mix := func(full uint8) uint8 { return uint8((60 + int(gray)*195/255) * int(full) / 255) }
				tint = color.RGBA{mix(red), mix(green), mix(blue), 255}
			}
			m.SetRGBA(x, y, tint)
		}
	}
	return m
}
