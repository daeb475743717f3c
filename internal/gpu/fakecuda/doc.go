// Package fakecuda has the functions of the CUDA driver that package driver uses, on the PTX emulator, so that the path through
// gorgonia.org/cu is tested where there is no GPU. They are in programs that are built with the tags gpu and fakecuda, and
// take the place of those of libcuda.so.1.
//
// It behaves as the driver does: a context belongs to a thread, an error of a kernel shows at a later call, and
// after it every call fails. The text of the error is printed on standard error. Environment variables, which are
// read at each call, set what it pretends to be:
//
//	FAKECUDA_MEMORY      bytes of memory of a GPU (default 1099511627776)
//	FAKECUDA_VERSION     version of the driver, such as 11000 (default 13000)
//	FAKECUDA_DEVICES     number of GPUs (default 1)
//	FAKECUDA_CAPABILITY  compute capability (default 8.0)
//	FAKECUDA_INIT        what starting the driver returns, such as 803 (default 0), or none: there is no driver
package fakecuda
