package main

import (
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"

	"goomtrain/goom/lyapunov"
)

// A sharedSystem is a system and the part of -steps that it takes: large systems cost more a step.
type sharedSystem struct {
	*lyapunov.System
	share float64
}

// systems returns the systems that the command knows, and defines a flag for the constants of each.
func systems(flags *flag.FlagSet) *[]sharedSystem {
	list := &[]sharedSystem{
		{lyapunov.Lorenz(), 1}, {lyapunov.Rossler(), 1}, {lyapunov.Henon(), 1}, {lyapunov.Lorenz96(40, 8), 0.05}, {lyapunov.CoupledMaps(8, 2.7, 0.3), 0.5},
	}
	for i, s := range []struct {
		name, constants, usual string
		of                     func(c []float64) *lyapunov.System
	}{
		{"lorenz", "sigma,rho,beta", "10,28,8/3", func(c []float64) *lyapunov.System { return lyapunov.LorenzWith(c[0], c[1], c[2]) }},
		{"rossler", "a,b,c", "0.2,0.2,5.7", func(c []float64) *lyapunov.System { return lyapunov.RosslerWith(c[0], c[1], c[2]) }},
		{"henon", "a,b", "1.4,0.3", func(c []float64) *lyapunov.System { return lyapunov.HenonWith(c[0], c[1]) }},
		{"lorenz96", "sites,force", "40,8", func(c []float64) *lyapunov.System { return lyapunov.Lorenz96(int(c[0]), c[1]) }},
		{"coupled", "maps,slope,eps", "8,2.7,0.3", func(c []float64) *lyapunov.System { return lyapunov.CoupledMaps(int(c[0]), c[1], c[2]) }},
	} {
		flags.Func(s.name, fmt.Sprintf("constants `%s` of the system (default %s)", s.constants, s.usual), func(text string) error {
			c, err := constants(text, s.constants)
			if err == nil {
				(*list)[i].System = s.of(c)
			}
			return err
		})
	}
	return list
}

// constants reads numbers with commas between, as many as there are names. The first counts something if it is called
// sites or maps.
func constants(text, names string) ([]float64, error) {
	fields, want := strings.Split(text, ","), strings.Split(names, ",")
	if len(fields) != len(want) {
		return nil, fmt.Errorf("want %d numbers, %s", len(want), names)
	}
	c := make([]float64, len(fields))
	for i, field := range fields {
		x, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		counts := want[i] == "sites" || want[i] == "maps"
		switch {
		case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
			return nil, fmt.Errorf("%s %q is no number", want[i], field)
		case counts && (x < 1 || x > 1000 || x != math.Trunc(x)):
			return nil, fmt.Errorf("%s %q: want a whole number from 1 to 1000", want[i], field)
		}
		c[i] = x
	}
	return c, nil
}
