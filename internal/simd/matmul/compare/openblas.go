package main

/*
#cgo LDFLAGS: -lopenblas
#include <cblas.h>

void openblas_set_num_threads(int n);

static void batch(int count, int transA, int transB, int m, int n, int k, const float *a, int lda, long strideA,
                  const float *b, int ldb, long strideB, float *c, int ldc, long strideC) {
	for (int i = 0; i < count; i++)
		cblas_sgemm(CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans, m, n, k,
		            1, a + i * strideA, lda, b + i * strideB, ldb, 0, c + i * strideC, ldc);
}
*/
import "C"

func openblasThreads(n int) { C.openblas_set_num_threads(C.int(n)) }

// openblas runs count products as one call from Go, so that what is compared is the library.
func openblas(s shape, a, b, c []float32) {
	C.batch(C.int(s.count), cint(s.transA), cint(s.transB), C.int(s.m), C.int(s.n), C.int(s.k),
		(*C.float)(&a[0]), C.int(s.lda()), C.long(s.m*s.k), (*C.float)(&b[0]), C.int(s.ldb()), C.long(s.k*s.n),
		(*C.float)(&c[0]), C.int(s.n), C.long(s.m*s.n))
}

func cint(on bool) C.int {
	if on {
		return 1
	}
	return 0
}
