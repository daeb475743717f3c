package huggingface

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/params"
)

// A pair is a parameter of softmax-attention and the tensor of GPT-2 that holds it.
type pair struct {
	ours, theirs string // theirs without the prefix of GPT2LMHeadModel
	rows, cols   int    // of ours; cols 0: a vector
	transposed   bool   // theirs is [cols, rows], as Conv1D keeps weights
}

// gpt2Prefix precedes the names of all tensors in files of GPT2LMHeadModel, and not in those of GPT2Model.
const gpt2Prefix = "transformer."

// pairs lists the parameters of a GPT-2 in the order of the model.
func pairs(c *models.SoftmaxAttention) []pair {
	width, hidden := c.DEmb, c.DMLP
	if hidden == 0 {
		hidden = 4 * width
	}
	out := []pair{{"embed.weight", "wte.weight", c.Vocab, width, false}, {"position.weight", "wpe.weight", c.Context, width, false}}
	norm := func(ours, theirs string) {
		out = append(out, pair{ours + ".weight", theirs + ".weight", width, 0, false}, pair{ours + ".bias", theirs + ".bias", width, 0, false})
	}
	linear := func(ours, theirs string, rows, cols int) {
		out = append(out, pair{ours + ".weight", theirs + ".weight", rows, cols, true}, pair{ours + ".bias", theirs + ".bias", rows, 0, false})
	}
	for i := range c.Layers {
		ours, theirs := fmt.Sprintf("blocks.%d.", i), fmt.Sprintf("h.%d.", i)
		norm(ours+"norm1", theirs+"ln_1")
		linear(ours+"qkv", theirs+"attn.c_attn", 3*width, width)
		linear(ours+"out", theirs+"attn.c_proj", width, width)
		norm(ours+"norm2", theirs+"ln_2")
		linear(ours+"mlp.0", theirs+"mlp.c_fc", hidden, width)
		linear(ours+"mlp.2", theirs+"mlp.c_proj", width, hidden)
	}
	norm("norm", "ln_f")
	return out
}

// shape is that of the parameter.
func (p pair) shape() []int {
	if p.cols == 0 {
		return []int{p.rows}
	}
	return []int{p.rows, p.cols}
}

// stored is the shape of the tensor.
func (p pair) stored() []int {
	shape := p.shape()
	if p.transposed {
		slices.Reverse(shape)
	}
	return shape
}

// matchGPT2 returns the prefix of the file's names. It returns an error unless the file has every tensor in its shape
// and nothing else but the constants of attention and a head that is the token table. It reads no weights, except to
// compare that head.
func matchGPT2(file *checkpoints.TensorFile, path string, all []pair) (prefix string, err error) {
	if _, ok := file.Info(gpt2Prefix + all[0].theirs); ok {
		prefix = gpt2Prefix
	}
	known := map[string]bool{}
	for _, p := range all {
		name := prefix + p.theirs
		known[name] = true
		info, ok := file.Info(name)
		switch {
		case !ok:
			return "", fmt.Errorf("%s lacks the tensor %q, which a GPT-2 of the sizes in %s has", path, name, configName)
		case !slices.Equal(info.Shape, p.stored()):
			return "", fmt.Errorf("%s: tensor %q has shape %v, but the sizes in %s give %v", path, name, info.Shape, configName, p.stored())
		case !slices.Contains(floats, info.DType):
			return "", fmt.Errorf("%s: tensor %q is stored as %q, which is not one of %v: convert it first", path, name, info.DType, floats)
		}
	}
	for _, name := range file.Names() {
		switch {
		case known[name] || constant(strings.TrimPrefix(name, gpt2Prefix)):
		case name == "lm_head.weight":
			if same, err := file.Same(name, prefix+all[0].theirs); err != nil {
				return "", err
			} else if !same {
				return "", fmt.Errorf("%s: tensor %q differs from %q: only a head that is the token table is known", path, name, prefix+all[0].theirs)
			}
		default:
			return "", fmt.Errorf("%s has the tensor %q, which a GPT-2 of the sizes in %s does not have", path, name, configName)
		}
	}
	return prefix, nil
}

// floats are the element types that are read.
var floats = []checkpoints.DType{checkpoints.F32, checkpoints.F16, checkpoints.BF16, checkpoints.F64}

// constant reports whether a tensor is a buffer of GPT-2's attention: the causal mask, or what masked scores become.
func constant(name string) bool {
	return strings.HasPrefix(name, "h.") && (strings.HasSuffix(name, ".attn.bias") || strings.HasSuffix(name, ".attn.masked_bias"))
}

// readGPT2Weights reads the parameters in the element type F. It returns an error for a number that is not finite.
func readGPT2Weights[F params.Float](file *checkpoints.TensorFile, path, prefix string, all []pair) ([]params.Array, error) {
	arrays := make([]params.Array, len(all))
	for i, p := range all {
		values := make([]F, params.Size(p.shape())) // matchGPT2 has seen as many in the file
		if err := file.ReadInto(prefix+p.theirs, values); err != nil {
			return nil, err
		}
		if err := finite(path, prefix+p.theirs, values); err != nil {
			return nil, err
		}
		if p.transposed {
			values = transpose(values, p.cols, p.rows)
		}
		arrays[i] = params.Array{Name: p.ours, Shape: p.shape(), Data: values}
	}
	return arrays, nil
}

// finite returns an error that names the first number of a tensor that is not finite.
func finite[F params.Float](path, tensor string, values []F) error {
	for at, v := range values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%s: element %d of tensor %q is %v: the weights are damaged, or were of a failed training", path, at, tensor, v)
		}
	}
	return nil
}

// gpt2Weights returns the parameters of a model, which is a GPT-2, as GPT2LMHeadModel keeps them.
func gpt2Weights[F params.Float](model *models.Model[F], all []pair) []params.Array {
	ps := model.Params()
	arrays := make([]params.Array, len(all))
	for i, p := range all {
		values := ps[slices.IndexFunc(ps, func(param *params.Param[F]) bool { return param.Name == p.ours })].Value
		if p.transposed {
			values = transpose(values, p.rows, p.cols)
		}
		arrays[i] = params.Array{Name: gpt2Prefix + p.theirs, Shape: p.stored(), Data: values}
	}
	return arrays
}

// transpose returns the transposed matrix of m [rows, cols], in square tiles that fit the first-level cache.
func transpose[F params.Float](m []F, rows, cols int) []F {
	const tile = 32
	out := make([]F, len(m))
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < cols; c0 += tile {
			for r := r0; r < min(r0+tile, rows); r++ {
				for c := c0; c < min(c0+tile, cols); c++ {
					out[c*rows+r] = m[r*cols+c]
				}
			}
		}
	}
	return out
}
