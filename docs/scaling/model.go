package main

import (
	"fmt"
	"io"
)

// A network is what the links between processes do.
type network struct {
	name    string
	rate    float64 // bytes in a second, in each direction at the same time
	delay   float64 // seconds from process to process, of a round of small messages
	message float64 // seconds that a process spends on a message
}

// A model is what a step of a process is made of.
type model struct {
	name    string
	weights float64
	arrays  float64 // parameters
	micro   float64 // positions of a micro-batch
	rate    float64 // positions in a second on one process
}

// backward is the share of the backward pass in the time of a micro-batch.
const backward = 2.0 / 3

// step predicts the time of a step of n processes with so many micro-batches each, and the part of it in which a process
// computes. Gradients are exchanged during the backward pass of the last micro-batch; what of that takes longer than this
// pass, the losses and norms, and the weights come after it. The last gradient is that of the first layer: it is sent when
// the pass is over.
func (m model) step(net network, n, micro float64) (total, compute float64) {
	compute = micro * m.micro / m.rate
	if n == 1 {
		return compute, compute
	}
	bytes := 4 * m.weights * (n - 1) / n // sent, and as many received
	messages := 2 * (m.arrays + n)       // each parameter goes to the process that updates it; a border between two shares adds one
	exchange := bytes/net.rate + messages*net.message + net.delay
	hidden := backward * m.micro / m.rate
	last := bytes/m.arrays/net.rate + net.delay
	norms := net.delay + 2*n*net.message
	return compute + max(last, exchange-hidden) + norms + exchange, compute
}

// The rates of models are those of a process on two cores (AMD EPYC, AVX2), the costs of messages those between network
// namespaces there; see docs/scaling.md. Rates of networks are 94 % of their names, as TCP leaves them.
var (
	networks = []network{
		{"1 Gbit/s", 0.118e9, 100e-6, 6e-6},
		{"10 Gbit/s", 1.18e9, 60e-6, 6e-6},
		{"100 Gbit/s", 11.8e9, 60e-6, 6e-6},
	}
	predicted = []model{
		{"base", 2.431e6, 51, 2048, 7300},
		{"paper-124m", 123.6e6, 195, 4096, 150},
	}
)

// printModel prints the efficiency: the share of a step in which all processes compute.
func printModel(w io.Writer) {
	fmt.Fprintln(w, "| model | cores of a host | micro-batches a host | network | 8 hosts | 64 hosts | 512 hosts |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, m := range predicted {
		for _, cores := range []float64{2, 64} {
			for _, micro := range []float64{1, 8} {
				for _, net := range networks[:2+int(cores)/64] { // the fastest for the larger hosts
					fmt.Fprintf(w, "| `%s` | %g | %g | %s", m.name, cores, micro, net.name)
					for _, n := range []float64{8, 64, 512} {
						fast := m
						fast.rate *= cores / 2
						total, compute := fast.step(net, n, micro)
						fmt.Fprintf(w, " | %.0f %%", 100*compute/total)
					}
					fmt.Fprintln(w, " |")
				}
			}
		}
	}
}
