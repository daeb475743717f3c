package models

import (
	"fmt"
	"testing"

	"goomtrain/params"
	"goomtrain/train/optim"
)

// BenchmarkPeer runs whole training steps (forward, loss, backward, AdamW) of the configurations that
// PyTorch runs under the same names.
func BenchmarkPeer(b *testing.B) {
	for _, p := range []struct {
		op, name     string
		config       Config
		size, length int
	}{
		// PyTorch 2.14, two cores with AVX-512 (docs/performance.md): 12 times its tokens/s by the paper's scan, 3.7 times those
		// by a loop that rescales, 2.5 times those by a plain loop in floats
		{"goom_rnn_train", "v256_e128_l4_n8_d16_b8_t256", Config{Model: "goom-rnn", Sizes: &GOOMRNN{Common: Common{Vocab: 256}, Stack: Stack{DEmb: 128, Layers: 4, Heads: 8, DHead: 16}, Transition: "fixed"}}, 8, 256},
		// 34 times PyTorch 2.14's tokens/s, compiled
		{"log_attention_train", "v256_e128_l4_h4_k32_v32_b8_t256", Config{Model: "log-attention", Sizes: &LogAttention{Common{Vocab: 256}, Stack{DEmb: 128, Layers: 4, Heads: 4, DHead: 32}, 0}}, 8, 256},
		// 1.4 times PyTorch 2.14's tokens/s, compiled; 1.2 times in the second size
		{"softmax_gpt_train", "v256_e128_l4_h4_b8_t256",
			Config{Model: "softmax-attention", Sizes: &SoftmaxAttention{Transformer{Common{Vocab: 256},
				Stack{DEmb: 128, Layers: 4, Heads: 4, DHead: 32}, "learned", 256, "gelu", 0}}}, 8, 256},
		{"softmax_gpt_train", "v256_e256_l6_h8_b2_t1024",
			Config{Model: "softmax-attention", Sizes: &SoftmaxAttention{Transformer{Common{Vocab: 256},
				Stack{DEmb: 256, Layers: 6, Heads: 8, DHead: 32}, "learned", 1024, "gelu", 0}}}, 2, 1024},
		// 1.0 times PyTorch 2.14's tokens/s with AVX-512, and with AVX2 (22,700 and 22,400 by turns, two AVX2 cores, EPYC, OpenBLAS by OpenMP, fused AdamW)
		{"lstm_train", "v256_e128_l4_b8_t256", Config{Model: "lstm", Sizes: &LSTM{Common: Common{Vocab: 256}, DEmb: 128, Layers: 4}}, 8, 256},
		// PyTorch 2.14 (two AVX2 cores, EPYC): 2.3 times its tokens/s for delta-net and gated-delta-net, 3.2 for
		// delta-product, 1.8 for gla and ssd, 6.6 for reflections; delta-net reports an MFU of 57 %
		{"delta_net_train", "v256_e128_l4_h4_k32_v32_b8_t256", Config{Model: "delta-net", Sizes: &DeltaNet{linear(32, 0, true), DeltaRule{NegativeEigenvalues: true}}}, 8, 256},
		{"gated_delta_net_train", "v256_e128_l4_h4_k32_v32_b8_t256",
			Config{Model: "gated-delta-net", Sizes: &DeltaNet{linear(32, 0, true), DeltaRule{NegativeEigenvalues: true, OutputGate: true}}}, 8, 256},
		{"delta_product_train", "v256_e128_l4_h4_k32_v32_n2_b8_t256",
			Config{Model: "delta-product", Sizes: &DeltaProduct{LinearAttention: linear(32, 0, true), DeltaRule: DeltaRule{NegativeEigenvalues: true}, Householders: 2}}, 8, 256},
		{"gla_train", "v256_e128_l4_h4_k16_v32_b8_t256", Config{Model: "gla", Sizes: &GLA{linear(16, 32, false)}}, 8, 256},
		{"simple_gla_train", "v256_e128_l4_h4_k32_v32_b8_t256", Config{Model: "hybrid", Sizes: &Hybrid{LinearAttention: linear(32, 0, false), Pattern: "ssd"}}, 8, 256},
		{"householder_goom_train", "v256_e128_l4_h8_r1_d16_n2_b8_t256", Config{Model: "goom-rnn", Sizes: &GOOMRNN{Common: Common{Vocab: 256},
			Stack: Stack{DEmb: 128, Layers: 4, Heads: 8, DHead: 16}, Transition: "householder", Householders: 2}}, 8, 256},
		{"full_goom_train", "v256_e128_l4_h8_r1_d8_b8_t256", Config{Model: "goom-rnn", Sizes: &GOOMRNN{Common: Common{Vocab: 256},
			Stack: Stack{DEmb: 128, Layers: 4, Heads: 8, DHead: 8}, Transition: "full"}}, 8, 256},
	} {
		b.Run(fmt.Sprintf("%s/%s/forward_backward", p.op, p.name), func(b *testing.B) {
			m := build[float32](b, p.config)
			o, err := optim.New(optim.Config{Name: "adamw", LRRecurrent: 1, Kind: &optim.AdamW{Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1}}, m.Params())
			if err != nil {
				b.Fatal(err)
			}
			inputs, targets := text(p.size, p.length, p.config.Common().Vocab)
			m.SetProfile(true)
			b.ReportAllocs()
			for b.Loop() {
				params.ZeroGrad(m.Params())
				if _, err := m.Step(inputs, targets, p.size, p.length, float64(len(inputs))); err != nil {
					b.Fatal(err)
				}
				o.Update(1e-3, 0.9, 1)
			}
			b.ReportMetric(float64(b.N*p.size*p.length)/b.Elapsed().Seconds(), "tokens/s")
			total := 0.0
			for _, t := range m.Profile() {
				total += t.Time.Seconds()
			}
			for _, t := range m.Profile()[:12] {
				b.Logf("%5.1f %% %s", 100*t.Time.Seconds()/total, t.Name)
			}
		})
	}
}

// linear returns the sizes of PyTorch's models of linear attention: width 128, four heads and layers, tied head.
func linear(key, value int, conv bool) LinearAttention {
	return LinearAttention{Common: Common{Vocab: 256}, Stack: Stack{DEmb: 128, Layers: 4, Heads: 4, DHead: key}, DValue: value, ShortConv: conv, TieEmbeddings: true}
}
