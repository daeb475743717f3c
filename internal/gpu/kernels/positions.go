package kernels

import (
	"math"

	"goomtrain/internal/gpu"
)

var positions = gpu.Module{Name: "positions"}

// AddPositions is the twin of dense.AddPositions, for sequences from position 0 on.
type AddPositions struct {
	s                           *gpu.Scope
	batch, time, context, width int // B, T, C, D
	forward, backward           gpu.Function
}

// NewAddPositions returns the kernel for x [batch, time, width] and a table [context, width], context >= time.
func NewAddPositions(s *gpu.Scope, batch, time, context, width int) *AddPositions {
	return &AddPositions{s, batch, time, context, width, s.Function(&positions, "add_positions"), s.Function(&positions, "add_positions_backward")}
}

// Forward writes y.
func (k *AddPositions) Forward(y, x, table gpu.Ptr) {
	rows := k.batch * k.time
	grid, shift := byRowFours(rows, k.width)
	k.s.Launch(k.forward, grid, gpu.Line(threads), gpu.Int(rows), gpu.Int(k.time), gpu.Int(k.width), gpu.Int(shift), ptr(x), ptr(table), ptr(y))
}

// Backward writes dtable; dx is dy.
func (k *AddPositions) Backward(dtable, dy gpu.Ptr) {
	grid, shift := byRowFours(k.context, k.width)
	k.s.Launch(k.backward, grid, gpu.Line(threads), gpu.Int(k.context), gpu.Int(k.batch), gpu.Int(k.time), gpu.Int(k.width), gpu.Int(shift), ptr(dy), ptr(dtable))
}

// Rotary is the twin of dense.Rotary, for sequences from position 0 on.
type Rotary struct {
	s                                 *gpu.Scope
	rows, time, turned, width, stride int
	cos, sin                          gpu.Ptr // [T, K/2]
	turn                              gpu.Function
}

// NewRotary returns the kernel for rows [batch, time, stride] whose first turned heads are of that width.
func NewRotary(s *gpu.Scope, batch, time, turned, width, stride int) *Rotary {
	half := width / 2
	cos, sin := make([]float32, time*half), make([]float32, time*half)
	for i := range half {
		frequency := math.Pow(10000, -2*float64(i)/float64(width))
		for t := range time {
			y, x := math.Sincos(float64(t) * frequency)
			sin[t*half+i], cos[t*half+i] = float32(y), float32(x)
		}
	}
	k := &Rotary{s, batch * time, time, turned, width, stride, s.Alloc(len(cos)), s.Alloc(len(sin)), s.Function(&positions, "rotary")}
	s.Write(k.cos, gpu.Words(cos))
	s.Write(k.sin, gpu.Words(sin))
	return k
}

// Forward writes dst from src.
func (k *Rotary) Forward(dst, src gpu.Ptr) { k.launch(dst, src, 1) }

// Backward writes the gradient of src from that of dst.
func (k *Rotary) Backward(dsrc, ddst gpu.Ptr) { k.launch(dsrc, ddst, -1) }

func (k *Rotary) launch(dst, src gpu.Ptr, sign float32) {
	grid, shift := byRow(k.rows, k.stride)
	k.s.Launch(k.turn, grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.time), gpu.Int(k.turned), gpu.Int(k.width), gpu.Int(k.stride), gpu.Int(shift),
		ptr(k.cos), ptr(k.sin), gpu.Float(sign), ptr(src), ptr(dst))
}
