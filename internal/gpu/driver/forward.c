//go:build gpu && linux && amd64 && cgo

#include <dlfcn.h>
#include <string.h>

/* The functions of the CUDA driver that gorgonia.org/cu calls are jumps of forward_amd64.S through slots. They are filled
 * here when the program starts, so that it also starts where there is no driver. All are weak: a test links functions
 * of its own in their place. */

extern void *cuda_slots[];
extern const char cuda_names[];

/* CUDA_ERROR_NOT_FOUND: what a function answers that the driver lacks. */
int cuda_missing(void) { return 500; }

static int (*initialize)(unsigned int);
static const char *missing = "no libcuda.so.1";
static int code;

__attribute__((constructor)) static void fill(void) {
	void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		const char *why = dlerror();
		if (why) missing = strdup(why);
		return;
	}
	initialize = (int (*)(unsigned int))dlsym(lib, "cuInit");
	int i = 0;
	for (const char *name = cuda_names; *name; name += strlen(name) + 1, i++) {
		void *f = dlsym(lib, name);
		if (f) cuda_slots[i] = f;
	}
}

/* gorgonia.org/cu calls cuInit when the program starts, and ends the program if that fails. So this one never fails,
 * and keeps what the driver said. */
__attribute__((weak)) int cuInit(unsigned int flags) {
	if (initialize) {
		missing = 0;
		code = initialize(flags);
	}
	return 0;
}

/* Why there is no driver, or null. */
__attribute__((weak)) const char *cuda_no_driver(void) { return missing; }

/* What the driver's cuInit returned. */
__attribute__((weak)) int cuda_init_code(void) { return code; }
