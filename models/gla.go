package models

import (
	"goomtrain/layers"
	"goomtrain/params"
)

// GLA holds the sizes of gla. DHead is the dimension of keys, by default half of that of values.
type GLA struct{ LinearAttention }

// gla is the language model of gated linear attention (arXiv 2312.06635).
var gla = Architecture[GLA]{
	Name:  "gla",
	About: "linear attention with a decay for each key channel",
	Presets: []Preset[GLA]{
		{"nano", newGLASizes(64, 2, 4, 8, 16), "trains in seconds, for tests and debugging", nanoTraining},
		{"small", newGLASizes(128, 4, 4, 16, 32), "learns text in minutes on 2 cores", nil},
		{"base", newGLASizes(384, 6, 6, 32, 64), "hours of training on 2 cores", baseTraining},
	},
	Float32: newGLA[float32],
	Float64: newGLA[float64],
}

// newGLASizes returns sizes without convolutions.
func newGLASizes(dEmb, layers, heads, dHead, dValue int) GLA {
	return GLA{LinearAttention{Stack: Stack{DEmb: dEmb, Layers: layers, Heads: heads, DHead: dHead}, DValue: dValue}}
}

func newGLA[F params.Float](s params.Set[F], c GLA) Network[F] {
	return newLinearAttention(s, c.LinearAttention, func(s params.Set[F], layer int) layers.Mixer[F] {
		return layers.NewMixer("gla", s, c.mixer(layer))
	})
}
