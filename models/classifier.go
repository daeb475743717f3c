package models

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"goomtrain/settings"
)

// Classifier holds the sizes of classifier: those of the blocks, which are hybrid's, and how a sequence is read and
// classified.
type Classifier struct {
	Hybrid
	Pool    string // last, mean or routing
	Routing string // vectors of the routings before that of the classes
	Steps   int    // iterations of a routing
	Patch   string // pixels of an image that are one position: 4 for 4 x 4, or 1x28; "": each token is a position
	Classes int    // C; 0: those of the data
	Image   string // size of an image in patches, ROWSxCOLUMNS; "": that of the data
}

// classifier is a stack of LinearAttentionBlocks whose hidden states are pooled to one vector of the sequence, and a
// linear map to scores of the classes.
var classifier = Architecture[Classifier]{
	Name:  "classifier",
	About: "gives a class to a whole sequence: the blocks of hybrid, pooled by -pool; images also in patches",
	Presets: []Preset[Classifier]{
		{"nano", newClassifierSizes(64, 2, 4, 16, "softmax"), "trains in seconds, for tests and debugging", nanoTraining},
		{"small", newClassifierSizes(128, 4, 4, 32, "softmax"), "learns to classify images or texts in minutes on 2 cores", nil},
		{"base", newClassifierSizes(384, 8, 6, 64, "softmax"), "hours of training on 2 cores", baseTraining},
	},
	Float32: newClassifier[float32],
	Float64: newClassifier[float64],
}

func newClassifierSizes(dEmb, layers, heads, dHead int, pattern string) Classifier {
	return Classifier{Hybrid: newHybridSizes(dEmb, layers, heads, dHead, pattern), Pool: "mean"}
}

// Settings implements Sizes. The head of next tokens, which may be tied, is not there.
func (c *Classifier) Settings() settings.Table {
	body := slices.DeleteFunc(c.Hybrid.Settings(), func(s settings.Setting) bool { return s.Name == "tie-embeddings" })
	return append(body, settings.Table{
		{Name: "pool", Help: "vector that stands for a sequence", Value: &c.Pool, Rule: settings.OneOf("last", "mean", "routing"), ZeroKeeps: true},
		{Name: "routing", Help: "with -pool routing: vectors of each routing before that of the classes, separated by commas, as in 64,32", Value: &c.Routing, Zero: "the positions are routed to the classes"},
		{Name: "routing-steps", Help: "with -pool routing: iterations of each routing", Value: &c.Steps, Rule: settings.Between(1, largestSteps), Zero: "2"},
		{Name: "patch", Help: "pixels of an image read as one position: 4 for squares of 4 x 4, or ROWSxCOLUMNS as in 1x28", Value: &c.Patch, Zero: "every token is a position"},
		{Name: "classes", Help: "number of classes", Value: &c.Classes, Rule: settings.Between(2, largestVocab), Zero: "that of the data"},
		{Name: "image-size", Help: "ROWSxCOLUMNS of an image that is read in patches", Value: &c.Image, Zero: "that of the data"},
	}...)
}

// Validate implements Sizes.
func (c *Classifier) Validate() error {
	high, wide, err := size("patch", c.Patch)
	if err != nil {
		return err
	}
	rows, columns, err := size("image-size", c.Image)
	if err != nil {
		return err
	}
	_, err = c.routings()
	switch {
	case err != nil:
		return err
	case c.Patch == "" && c.Image != "":
		return fmt.Errorf("-image-size %s: only images that are read in patches need it: leave it out, or give -patch", c.Image)
	case c.Image != "" && (rows%high != 0 || columns%wide != 0):
		return fmt.Errorf("-patch %s: patches of %d x %d pixels do not cover images of %d x %d", c.Patch, high, wide, rows, columns)
	case c.Patch != "" && slices.Contains(c.mixers(), "goom-table"):
		return fmt.Errorf("-patch %s: the mixer goom-table of -pattern %q has a matrix for each token, but a patch is no token", c.Patch, c.Pattern)
	case c.Patch != "" && c.EmbeddingStd != 0:
		return fmt.Errorf("-embedding-std %g: with -patch there are no token vectors: leave it out", c.EmbeddingStd)
	case c.Pool != "routing" && (c.Routing != "" || c.Steps > 0):
		return fmt.Errorf("-routing and -routing-steps are of -pool routing, but -pool is %s: leave them out", c.Pool)
	case c.Vocab > 0 && c.Vocab <= c.Classes:
		return fmt.Errorf("-vocab %d: must be more than -classes %d, which it includes", c.Vocab, c.Classes)
	}
	return c.Hybrid.Validate()
}

// size parses a size in pixels, ROWSxCOLUMNS or a number for both; zeros for "".
func size(setting, text string) (rows, columns int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, second, two := strings.Cut(text, "x")
	if !two {
		second = first
	}
	rows, err = strconv.Atoi(first)
	if err == nil {
		columns, err = strconv.Atoi(second)
	}
	if err != nil || rows < 1 || columns < 1 || rows > largestWidth || columns > largestWidth {
		return 0, 0, fmt.Errorf("-%s %q: must be ROWSxCOLUMNS, as in 1x28, or a number for both, each 1 to %d", setting, text, largestWidth)
	}
	return rows, columns, nil
}

// routings returns the vectors of each routing before that of the classes.
func (c *Classifier) routings() (vectors []int, err error) {
	if c.Routing == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(c.Routing, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > largestWidth {
			return nil, fmt.Errorf("-routing %q: must be numbers of vectors separated by commas, each 1 to %d", c.Routing, largestWidth)
		}
		vectors = append(vectors, n)
	}
	return vectors, nil
}

// ClassCount implements ClassFitter.
func (c *Classifier) ClassCount() int { return c.Classes }

// FitClasses implements ClassFitter.
func (c *Classifier) FitClasses(classes, rows, columns int) error {
	image := fmt.Sprintf("%dx%d", rows, columns)
	switch {
	case classes == 0 && c.Classes == 0:
		return errors.New("-classes 0: the number of classes is not known")
	case classes == 0:
		return nil
	case classes == 1:
		return errors.New("the data has one class: at least two are needed")
	case c.Classes != 0 && c.Classes != classes:
		return fmt.Errorf("-classes %d: the data has %d classes (0: exactly that)", c.Classes, classes)
	case c.Patch != "" && rows == 0:
		return fmt.Errorf("-patch %s: the sequences of this task are not images: leave it out", c.Patch)
	case c.Patch != "" && c.Image != "" && c.Image != image:
		return fmt.Errorf("-image-size %s: the images have %s (empty: exactly that)", c.Image, image)
	}
	if c.Classes = classes; c.Patch != "" {
		c.Image = image
	}
	return c.Validate()
}
