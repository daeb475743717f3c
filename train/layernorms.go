package train

import "goomtrain/params"

// layerNorms measures the gradients of each layer.
type layerNorms[F params.Float] struct {
	names []string
	of    map[*params.Param[F]]int // layer of a parameter
}

func newLayerNorms[F params.Float](ps []*params.Param[F]) layerNorms[F] {
	l := layerNorms[F]{of: map[*params.Param[F]]int{}}
	at := map[string]int{}
	for _, p := range ps {
		name := params.Layer(p.Name)
		if _, known := at[name]; !known {
			at[name] = len(l.names)
			l.names = append(l.names, name)
		}
		l.of[p] = at[name]
	}
	return l
}

// gradNorms returns the norms of the gradients by layer.
func (s *session[F]) gradNorms() (map[string]float64, error) {
	l, norms := &s.layers, map[string]float64{}
	each, err := s.norm.Each(len(l.names), func(p *params.Param[F]) int { return l.of[p] })
	for i, x := range each {
		norms[l.names[i]] = x
	}
	return norms, err
}
