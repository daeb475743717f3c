package params

import (
	"regexp"
	"strings"
)

// blockNumber is the number of a repeated block in a parameter's name.
var blockNumber = regexp.MustCompile(`\.\d+(\.|$)`)

// Layer returns what the parameters of a layer have in common in their names: all up to the first number or, without one,
// up to the last dot. The layer of blocks.3.mlp.0.weight is blocks.3, that of norm.weight is norm.
func Layer(name string) string {
	if at := blockNumber.FindStringIndex(name); at != nil {
		return strings.TrimSuffix(name[:at[1]], ".")
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return name[:dot]
	}
	return name
}
