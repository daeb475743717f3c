package ops

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/executor"
	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// onHostOnly names the ops among the cases that do not run on a GPU; sequences of documents may be refused by any op. An op that
// gets OnDevice leaves the list.
var onHostOnly = []string{
	"AffineScan",
	"DiagScan",
	"FixedDecayAttention",
	"GLA",
	"GoomExp",
	"GoomLog",
	"LMME",
	"LSTM",
	"Last",
	"LogAttention",
	"LogCumMeanExp",
	"LogCumSumExp",
	"LogDiagScan",
	"LogMeanExp",
	"LogSumExp",
	"MatrixRouting",
	"PatchEmbedding",
	"PoolLast",
	"PoolMean",
	"PrefixProducts",
	"RecurrenceFull",
	"RecurrenceHouseholder",
	"RecurrenceLinear",
	"RecurrenceTable",
	"RoutingCredit",
	"RoutingScores",
	"RoutingVotes",
	"S4D",
	"ScalarDecayAttention",
	"TreeLoss",
	"VectorRouting",
	"WindowSelfAttention",
	"squares",
}

// TestOnDevice: all cases give the same loss and gradients on an emulated GPU as on the executor of the host, in each of two
// runs, or are refused by the name of an op that runs on the host only.
func TestOnDevice(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	var refused []string
	for _, c := range opCases[float32]() {
		t.Run(c.name, func(t *testing.T) {
			host := newProblem[float32](c)
			vm, value := host.onExecutor(t)
			loss, grads := host.run(t, vm, value)

			p := newProblem[float32](c)
			d := emulated.New()
			s := gpu.NewQueue(d).NewScope()
			device, err := executor.NewDevice(s, func([]float32) gpu.Ptr { return 0 }, p.graph, append(p.grads, p.loss)...)
			if errors.Is(err, executor.ErrNoDevice) {
				if _, names, _ := strings.Cut(err.Error(), "not on a GPU: "); !strings.HasSuffix(c.name, "of documents") {
					for name := range strings.SplitSeq(names, ", ") {
						name, _, _ = strings.Cut(name, ".") // a further output or gradient of the op
						refused = append(refused, name)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a second run finds used buffers
				if err := device.RunAll(); err != nil {
					t.Fatal(err)
				}
				for i, n := range append(p.grads, p.loss) {
					want := append(grads, []float32{loss})[i]
					from, err := device.Ptr(n)
					if err != nil {
						t.Fatal(err)
					}
					got := make([]float32, len(want))
					if err := s.Read(gpu.Words(got), from); err != nil {
						t.Fatal(err)
					}
					nearHost(t, fmt.Sprint("result ", i), got, want)
				}
			}
			s.Close()
			if n := d.InUse(); n != 0 {
				t.Errorf("%d bytes are not freed", n)
			}
		})
	}
	slices.Sort(refused)
	if refused = slices.Compact(refused); !slices.Equal(refused, onHostOnly) {
		t.Errorf("ops that run on the host only: %q, want %q", refused, onHostOnly)
	}
}

// nearHost fails unless the distance of the results is what rounding in float32 makes it.
func nearHost(t *testing.T, name string, got, want []float32) {
	t.Helper()
	var distance, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		distance += d * d
		norm += float64(w) * float64(w)
	}
	if distance, norm = math.Sqrt(distance), math.Sqrt(norm); !(distance <= 3e-6*norm+1e-6) {
		t.Errorf("%s: off by %.2g of %.2g", name, distance, norm)
	}
}
