// Command gen writes the assembly of internal/simd and of the packages in it. Its own module keeps the assembler
// library out of the project's requirements.
//
//	go run . -kernels gemm -pkg matmul -out ../matmul/gemm_amd64.s -stubs ../matmul/gemm_stubs_amd64.go
//
// gen.sh runs it for all groups of kernels, check.sh compares what it writes with what is committed.
//
// The comment of each declaration in the stubs gives the kernel's loop in Go, with pointers as the slices that
// they point to. The loops are exact but for rounding: the assembly fuses multiplications with additions and
// sums in vectors.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

// groups lists the kernels by output file.
var groups = map[string]func(){
	"adamw":        adamWKernels,
	"arithmetic":   arithmeticKernels,
	"attention":    attentionKernels,
	"bf16":         bf16Kernels,
	"conv":         convKernels,
	"count":        countKernels,
	"delta":        deltaKernels,
	"diag_steps":   diagStepKernels,
	"exp_log":      expLogKernels,
	"gelu":         geluKernels,
	"gemm":         gemmKernels,
	"gemm512":      gemm512Kernels,
	"gemv":         gemvKernels,
	"glu":          gluKernels,
	"head_rows":    headRowKernels,
	"layernorm":    layerNormKernels,
	"linear_steps": linearStepKernels,
	"log_sums":     logSumKernels,
	"modes":        modeKernels,
	"pack":         packKernels,
	"peak":         peakKernels,
	"polynomial":   polynomialKernels,
	"reduce":       reduceKernels,
	"reflections":  reflectionKernels,
	"rmsnorm":      rmsNormKernels,
	"rotary":       rotaryKernels,
	"rows":         rowKernels,
	"runs":         runKernels,
	"sigmoid":      sigmoidKernels,
	"signed_log":   signedLogKernels,
	"silu":         siluKernels,
	"state_rows":   stateRowKernels,
	"strided":      stridedKernels,
	"xstate":       xstateKernels,
}

func main() {
	// avo parses -out, -stubs and -pkg from the same flag set when it generates.
	group := flag.String("kernels", "", "group of kernels to write")
	flag.Parse()
	write := groups[*group]
	if write == nil {
		fmt.Fprintf(os.Stderr, "gen: no group of kernels %q\n", *group)
		os.Exit(2)
	}
	ConstraintExpr("amd64,!noasm")
	write()
	Generate()
}
