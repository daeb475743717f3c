package train

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// blockNumber is the number of a repeated block in a parameter's name.
var blockNumber = regexp.MustCompile(`\.\d+\.`)

// A group is what is printed of parameters that differ only in the number of their block.
type group struct {
	before, after string   // around the number in their names
	numbers       []string // of the blocks; one empty one if the name has none
	cells         string   // what else they have in common
}

// grouped are groups in the order of their first parameters.
type grouped []*group

// add adds a parameter to the group of its name and cells, and returns the group.
func (gs *grouped) add(name, cells string) *group {
	before, number, after := name, "", ""
	if at := blockNumber.FindStringIndex(name); at != nil {
		before, number, after = name[:at[0]+1], name[at[0]+1:at[1]-1], name[at[1]-1:]
	}
	for _, g := range *gs {
		if g.before == before && g.after == after && g.cells == cells {
			g.numbers = append(g.numbers, number)
			return g
		}
	}
	g := &group{before: before, after: after, numbers: []string{number}, cells: cells}
	*gs = append(*gs, g)
	return g
}

// name returns the names of the group: layers.3.w, or layers.{0..2,4}.w.
func (g *group) name() string {
	if len(g.numbers) == 1 {
		return g.before + g.numbers[0] + g.after
	}
	var parts []string
	for i := 0; i < len(g.numbers); {
		last := i
		for last+1 < len(g.numbers) && follows(g.numbers[last], g.numbers[last+1]) {
			last++
		}
		part := g.numbers[i]
		if last > i {
			part += ".." + g.numbers[last]
		}
		parts = append(parts, part)
		i = last + 1
	}
	return g.before + "{" + strings.Join(parts, ",") + "}" + g.after
}

// follows reports whether b is the number after a.
func follows(a, b string) bool {
	n, err := strconv.Atoi(a)
	return err == nil && fmt.Sprint(n+1) == b
}

// names lists the groups by name, separated by commas.
func (gs grouped) names() string {
	var out []string
	for _, g := range gs {
		out = append(out, g.name()+g.cells)
	}
	return strings.Join(out, ", ")
}
