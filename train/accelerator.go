package train

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"goomtrain/data"
	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/driver"
	"goomtrain/internal/simd/matmul"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// openGPU opens the GPU of a number, in programs that are built for one; hasTiles reports whether the CPU has fast products
// of bfloat16. Tests put others in their place.
var (
	openGPU  = driver.Open
	gpuBuilt = driver.Built
	hasTiles = matmul.HasTiles
)

// precisions are the values of -matmul.
var precisions = []string{gpu.Float32: "float32", gpu.TF32x3: "tf32x3", gpu.TF32: "tf32", gpu.BF16: "bf16"}

// onGPU returns the number of the GPU that -device asks for.
func onGPU(device string) (number int, asked bool) {
	if device == "gpu" {
		return 0, true
	}
	text, asked := strings.CutPrefix(device, "gpu:")
	number, err := strconv.Atoi(text)
	return number, asked && err == nil && number >= 0 && strconv.Itoa(number) == text
}

// isGPU reports whether -device asks for a GPU.
func isGPU(device string) bool {
	_, asked := onGPU(device)
	return asked
}

// An accelerator makes updates on a GPU. The weights, their gradients, the state of the optimizer and the moving average
// are there; the host's arrays are copies, which pull refreshes.
type accelerator[F params.Float] struct {
	device    gpu.Device
	queue     *gpu.Queue
	scope     *gpu.Scope
	model     models.Accelerated
	optimizer optim.Accelerated
	norm      *optim.Norm[F]
	ema       *optim.EMA[F] // nil: none
	values    *gpu.Mirror   // weights, optimizer state, averages
	grads     *gpu.Mirror
	scale     gpu.Ptr // factor on the gradients of an update; negative: it changes nothing
	totals    [6]uint32
	stale     bool // values of the host are older than those of the device
}

// openDevice opens the GPU of -device, if there is one to use, and prints what it is.
func (s *session[F]) openDevice() error {
	number, asked := onGPU(s.cfg.Device)
	if !asked && (s.cfg.Device == "cpu" || !gpuBuilt || s.cfg.DType != "float32") {
		return s.onCPU()
	}
	if s.cfg.DType != "float32" {
		return fmt.Errorf("-device %s: a GPU computes in float32: leave out -dtype %s, or give -device cpu", s.cfg.Device, s.cfg.DType)
	}
	device, err := openGPU(number)
	if err != nil && !asked {
		fmt.Fprintf(s.out, "note: training on the CPU: %v\n", err)
		return s.onCPU()
	} else if err != nil {
		return fmt.Errorf("-device %s: %w: give -device cpu to train without a GPU", s.cfg.Device, err)
	}
	a := &accelerator[F]{device: device, queue: gpu.NewQueue(device)}
	a.scope = a.queue.NewScope()
	s.gpu = a
	model, ok := s.model.(models.Accelerated)
	if !ok {
		return fmt.Errorf("-device %s: the model runs on the CPU only: give -device cpu", s.cfg.Device)
	}
	a.model = model
	if a.optimizer, ok = s.optimizer.(optim.Accelerated); !ok {
		return fmt.Errorf("-device %s: -optimizer %s runs on the CPU only: give -device cpu, or -optimizer adamw or lion", s.cfg.Device, s.cfg.Optimizer.Name)
	}
	free, total, err := device.Memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "device %s, %.1f of %.1f GB free\n", device.Name(), float64(free)/1e9, float64(total)/1e9)
	if s.cfg.Profile {
		fmt.Fprintln(s.out, "note: -profile measures the CPU: to time the kernels of the GPU, run the program under nsys profile")
	}
	return nil
}

// onCPU sets the precision of products on the CPU, until the session is closed.
func (s *session[F]) onCPU() error {
	switch s.cfg.MatMul {
	case precisions[gpu.Float32]:
		return nil
	case precisions[gpu.BF16]:
		if s.cfg.DType != "float32" {
			return fmt.Errorf("-matmul bf16: only products of float32 are rounded: leave out -dtype %s, or give -matmul float32", s.cfg.DType)
		}
		if !hasTiles() {
			return errors.New("-matmul bf16: this CPU has no AMX tiles (amx-bf16): give -matmul float32")
		}
		s.reduced = true
		matmul.SetPrecision(matmul.BFloat16)
		fmt.Fprintln(s.out, "products in bf16, sums and weights in float32")
		return nil
	}
	return fmt.Errorf("-matmul %s: only a GPU has products of that precision: give -matmul float32 to train on the CPU", s.cfg.MatMul)
}

// full ends the reduced precision of products on the CPU.
func (s *session[F]) full() {
	if s.reduced {
		matmul.SetPrecision(matmul.Float32)
	}
}

// begin moves everything to the device.
func (a *accelerator[F]) begin(s *session[F]) error {
	a.norm, a.ema = s.norm, s.ema
	a.values, a.grads = gpu.NewMirror(a.scope), gpu.NewMirror(a.scope)
	a.scale = a.scope.Alloc(1)
	d := models.Device{Queue: a.queue, Values: a.values, Grads: a.grads}
	for i, name := range precisions {
		if name == s.cfg.MatMul {
			d.Precision = gpu.Precision(i)
		}
	}
	if err := a.model.UseDevice(d); err != nil {
		return err
	}
	a.optimizer.UseDevice(a.scope, a.values, a.grads)
	a.norm.UseDevice(a.scope, a.grads)
	if a.ema != nil {
		a.ema.UseDevice(a.scope, a.values)
	}
	return a.queue.Err()
}

// step makes an update and waits for it once, at its end. It returns the sums over the counted targets, of which there
// are that many, and the norm of the gradients. Unless the loss and the norm are finite, nothing changes.
func (a *accelerator[F]) step(b *data.Batch, counted, rows int, update int64, rates schedule.Rates, clip float64) (sum models.Stats, norm float64, err error) {
	totals, err := a.model.EnqueueStep(b.Inputs, b.Targets, b.Size, rows, b.Len, float64(counted), update)
	if err != nil {
		return sum, 0, err
	}
	a.norm.Enqueue(a.scale, totals, clip)
	a.optimizer.EnqueueUpdate(rates.LR, rates.Beta1, a.scale)
	if a.ema != nil {
		a.ema.EnqueueUpdate(a.scale)
	}
	a.stale = true
	if err := a.queue.Read(a.totals[:], totals); err != nil {
		return sum, 0, err
	}
	if norm, err = a.norm.Fetch(); err != nil {
		return sum, 0, err
	}
	sum = models.Stats{Loss: math.Float64frombits(pair(a.totals[0:])), Tokens: counted, Correct: int(pair(a.totals[4:]))}
	if !finite(sum.Loss) || !finite(norm) {
		a.optimizer.Rewind()
		if a.ema != nil {
			a.ema.Rewind()
		}
	}
	return sum, norm, nil
}

// peak returns the most floating-point operations a second without tensor cores; 0: it is not known.
func (a *accelerator[F]) peak() (operations float64) {
	if d, ok := a.device.(gpu.Limited); ok {
		operations, _ = d.Limits()
	}
	return operations
}

// pair returns the number of 64 bits in two words.
func pair(w []uint32) uint64 { return uint64(w[0]) | uint64(w[1])<<32 }

// changed says that values of the device have changed.
func (a *accelerator[F]) changed() {
	if a != nil {
		a.stale = true
	}
}

// pull refreshes the arrays of the host, if they are older than those of the device.
func (a *accelerator[F]) pull() error {
	if a == nil || !a.stale {
		return nil
	}
	a.stale = false
	return a.values.Pull()
}

// close gives the device back.
func (a *accelerator[F]) close() error {
	if a == nil {
		return nil
	}
	if a.model != nil {
		a.model.LeaveDevice()
	}
	a.scope.Close()
	return a.device.Close()
}
