// Package cuda has the kernels of package kernels: CUDA C++ (.cu, .h) and the PTX that clang makes of it (build.sh). Only devices
// import it, so that programs without GPU support do not carry the PTX.
package cuda

import (
	"embed"
	"fmt"
)

//go:embed *.ptx
var files embed.FS

// PTX returns the text of a module, which has the name of its source file.
func PTX(module string) (string, error) {
	text, err := files.ReadFile(module + ".ptx")
	if err != nil {
		return "", fmt.Errorf("no module of kernels is named %q", module)
	}
	return string(text), nil
}
