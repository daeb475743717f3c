package train

import (
	"strings"

	"goomtrain/params"
)

// layerNorms measures the gradients of each layer.
type layerNorms[F params.Float] struct {
	names []string
	of    map[*params.Param[F]]int // layer of a parameter
}

func newLayerNorms[F params.Float](ps []*params.Param[F]) layerNorms[F] {
	l := layerNorms[F]{of: map[*params.Param[F]]int{}}
	at := map[string]int{}
	for _, p := range ps {
		name := layerOf(p.Name)
		if _, known := at[name]; !known {
			at[name] = len(l.names)
			l.names = append(l.names, name)
		}
		l.of[p] = at[name]
	}
	return l
}

// layerOf returns what the parameters of a layer have in common in their names: all up to the number of a block, or without
// one up to the last dot. The layer of blocks.3.mlp.0.weight is blocks.3, that of norm.weight is norm.
func layerOf(name string) string {
	if at := blockNumber.FindStringIndex(name); at != nil {
		return name[:at[1]-1]
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return name[:dot]
	}
	return name
}

// gradNorms returns the norms of the gradients by layer.
func (s *session[F]) gradNorms() map[string]float64 {
	l, norms := &s.layers, map[string]float64{}
	for i, x := range s.norm.Each(len(l.names), func(p *params.Param[F]) int { return l.of[p] }) {
		norms[l.names[i]] = x
	}
	return norms
}
