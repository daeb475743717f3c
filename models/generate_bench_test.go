package models

import (
	"fmt"
	"testing"

	"goomtrain/sampling"
)

// BenchmarkGenerate draws tokens one after the other, in sequences of 256, by one stream and by 64 of them together. It
// reports the weights that one stream reads and the products of weights that all compute, in a second.
//
// Tokens/s of one stream on two cores, Intel Xeon (Sapphire Rapids class, AVX-512), median of three, beside those before
// products of rows were shared out (without sampling), the share of the bandwidth of the cache that holds the weights, and
// the ratio to PyTorch 2.14; and of 64 streams with their share of the multiply-add peak, 470 GFLOP/s:
//
//	                            1 stream  before  of limit  x PyTorch   64 streams  of peak
//	goom-rnn small              26,100    26,900  0.26      34          115,000     0.21
//	goom-rnn base               2,680     2,910   0.69                  31,300      0.32
//	softmax-attention small     10,400    6,110   0.23      9           21,900      0.08
//	softmax-attention base      927       904     0.94                  3,160       0.14
//	lstm small                  31,000    15,800  0.45      18          93,300      0.24
//	lstm base                   1,300     715     1.0                   9,520       0.35
//	gated-delta-net small       5,830     2,990   0.34                  22,800      0.12
//	gla small                   6,800     4,800   0.35                  38,300      0.18
//	log-attention small         12,700    7,020   0.13                  21,600      0.04
//	taylor-attention small      8,410     5,630   0.19                  21,200      0.07
func BenchmarkGenerate(b *testing.B) {
	for _, c := range [][2]string{
		{"goom-rnn", "small"}, {"goom-rnn", "base"}, {"softmax-attention", "small"}, {"softmax-attention", "base"}, {"lstm", "small"}, {"lstm", "base"},
		{"gated-delta-net", "small"}, {"gla", "small"}, {"log-attention", "small"}, {"taylor-attention", "small"},
	} {
		config, err := NewConfig(c[0], c[1])
		if err != nil {
			b.Fatal(err)
		}
		config.Common().Vocab = 256
		for _, n := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s-%s/streams=%d", c[0], c[1], n), func(b *testing.B) { benchmarkGenerate(b, config, n) })
		}
	}
}

func benchmarkGenerate(b *testing.B, c Config, n int) {
	m := build[float32](b, c)
	s, err := m.NewStreams(n)
	if err != nil {
		b.Fatal(err)
	}
	samplers := make([]*sampling.Sampler[float32], n)
	for i := range samplers {
		if samplers[i], err = sampling.NewNumbered[float32](sampling.Config{Temperature: 0.8, TopP: 1}, 1, i); err != nil {
			b.Fatal(err)
		}
	}
	const length = 256
	tokens := make([]int32, n)
	generate := func(length int) {
		s.Reset()
		logits, err := s.Append(tokens)
		if err == nil {
			err = sampling.GenerateAll(s, logits, samplers, length, func(int, int32) (bool, error) { return true, nil })
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	generate(length) // makes the buffers
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= length { // b.N tokens of each stream
		generate(min(left, length))
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tokens/s")
	bytes := 0
	for _, p := range m.Params() {
		bytes += 4 * len(p.Value)
	}
	b.ReportMetric(float64(bytes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s") // of weights
	b.ReportMetric(float64(bytes/2)*float64(b.N*n)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
