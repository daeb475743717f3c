package ops

import G "gorgonia.org/gorgonia"

// Independent makes the ops of a graph compute every sequence of the batch as if it were the only one, to the bit: streams
// that run together then give the text that each of them gives alone. Without it a product adds up in an order that suits
// its shape, and so depends on the size of the batch. It is called before the first run.
func Independent(g *G.ExprGraph) {
	for _, n := range g.AllNodes() {
		if op, ok := n.Op().(interface{ makeIndependent() }); ok {
			op.makeIndependent()
		}
	}
}

func (o *fused[F]) makeIndependent() {
	if o.def.Independent != nil {
		o.def.Independent()
	}
}
