// Command gen writes the assembly of package simd. Its own module keeps the assembler library out of
// the project's requirements.
//
//	go run . -kernels gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg simd
//
// gen.sh runs it for all groups of kernels, check.sh compares what it writes with what is committed.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

// groups lists the kernels by output file.
var groups = map[string]func(){
	"gemm":         gemmKernels,
	"gemm512":      wideGemmKernels,
	"pack":         packKernels,
	"vector":       vectorKernels,
	"functions":    functionKernels,
	"functions512": wideFunctionKernels,
	"logsign":      logSignKernels,
	"rows":         rowKernels,
	"recurrent":    recurrentKernels,
	"monomials":    monomialKernels,
	"peak":         peakKernel,
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
