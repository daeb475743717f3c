// Package driver opens NVIDIA GPUs through the CUDA driver, by way of gorgonia.org/cu.
//
// It has two forms. By default it links nothing, and Open and Count return an error. With the build tag gpu, on
// linux/amd64 with cgo, it calls the driver. The tag is not cuda, since that also switches on the CUDA code of Gorgonia
// itself, which needs cuBLAS and cuDNN.
//
// To build needs gcc and no CUDA toolkit: the folder include has what gorgonia.org/cu needs of cuda.h. Since it is
// compiled as a module of its own, it finds the folder only by an environment variable:
//
//	CGO_CFLAGS=-I$PWD/internal/gpu/driver/include go build -tags gpu ./...
//
// Without it, gcc says that cuda.h is not found, or takes that of a CUDA toolkit, with whose version gorgonia.org/cu may not
// agree.
//
// The driver's library, libcuda.so.1, is looked for when the program starts. The program also starts where there is none.
package driver
