package board

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/params"
)

const (
	maxMeasured = 1 << 28 // bytes of weights whose statistics are computed: a few seconds
	maxTensors  = 4096
)

// parameters are the weights of a checkpoint.
type parameters struct {
	Layers   []layer `json:"layers"`
	Total    int     `json:"total"`
	Measured bool    `json:"measured"` // false: the file is too large, and there are only shapes
	Note     string  `json:"note"`
}

// A layer is the tensors of one params.Layer.
type layer struct {
	Name    string   `json:"name"`
	Count   int      `json:"count"`
	RMS     number   `json:"rms"`
	Tensors []tensor `json:"tensors"`
}

type tensor struct {
	Name      string `json:"name"`
	Shape     []int  `json:"shape"`
	Count     int    `json:"count"`
	RMS       number `json:"rms"`
	Mean      number `json:"mean"`
	Deviation number `json:"deviation"`
	Smallest  number `json:"smallest"`
	Largest   number `json:"largest"`
	NonFinite int    `json:"nonfinite"`
}

// checkpointDir returns the folder of a usable checkpoint that the run folder lists, so that no path of a request is used.
func (r *run) checkpointDir(name string) (string, error) {
	entries, err := checkpoints.List(r.dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if filepath.Base(e.Dir) == name {
			return e.Dir, e.Err
		}
	}
	return "", fmt.Errorf("the run has no checkpoint %s any more: choose another", printable.Short(name, 40))
}

// parameters reads the weights of a checkpoint.
func (r *run) parameters(name string) (p parameters, err error) {
	dir, err := r.checkpointDir(name)
	if err != nil {
		return p, err
	}
	path := filepath.Join(dir, "model.safetensors")
	info, err := os.Stat(path)
	if err != nil {
		return p, err
	}
	file, err := checkpoints.OpenTensors(path)
	if err != nil {
		return p, err
	}
	defer file.Close()
	names := file.Names()
	if len(names) > maxTensors {
		p.Note = fmt.Sprintf("the first %d of %d tensors", maxTensors, len(names))
		names = names[:maxTensors]
	}
	p.Layers, p.Measured = []layer{}, info.Size() <= maxMeasured
	index := map[string]int{}
	for _, name := range names {
		t, err := describe(file, name, p.Measured)
		if err != nil {
			return p, err
		}
		key := printable.Short(params.Layer(name), 200)
		i, ok := index[key]
		if !ok {
			i = len(p.Layers)
			index[key] = i
			p.Layers = append(p.Layers, layer{Name: key})
		}
		p.Layers[i].add(t)
		p.Total += t.Count
	}
	return p, nil
}

// describe measures a tensor.
func describe(file *checkpoints.TensorFile, name string, measured bool) (tensor, error) {
	info, _ := file.Info(name)
	unknown := number(math.NaN())
	t := tensor{Name: printable.Short(name, 200), Shape: info.Shape, Count: params.Size(info.Shape),
		RMS: unknown, Mean: unknown, Deviation: unknown, Smallest: unknown, Largest: unknown}
	if !measured {
		return t, nil
	}
	s, err := file.Statistics(name)
	if err != nil {
		return t, err
	}
	t.RMS, t.Mean, t.Deviation = number(s.RMS), number(s.Mean), number(s.Deviation)
	t.Smallest, t.Largest, t.NonFinite = number(s.Smallest), number(s.Largest), s.NonFinite
	return t, nil
}

// add adds a tensor to the layer.
func (l *layer) add(t tensor) {
	squares := float64(l.RMS)*float64(l.RMS)*float64(l.Count) + float64(t.RMS)*float64(t.RMS)*float64(t.Count)
	l.Count += t.Count
	l.RMS = number(math.Sqrt(squares / float64(max(l.Count, 1))))
	l.Tensors = append(l.Tensors, t)
}
