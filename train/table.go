package train

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"

	"goomtrain/params"
)

// blockNumber is the number of a repeated block in a parameter's name.
var blockNumber = regexp.MustCompile(`\.\d+\.`)

// WriteParameters prints name, shape and count of each parameter, whether it decays, and the rule that updates
// it. Equal parameters of consecutive blocks share a line. A tied weight is one parameter and listed once.
func WriteParameters[F params.Float](w io.Writer, ps []*params.Param[F], rule func(*params.Param[F]) string) error {
	type row struct {
		pattern, first, last string
		cells                string
		each, times          int
	}
	var rows []*row
	index := map[string]*row{}
	counts := map[bool]int{}
	for _, p := range ps {
		decayed := "no decay"
		if p.Role.Decays() {
			decayed = "decays"
		}
		counts[p.Role.Decays()] += len(p.Value)
		pattern, number := p.Name, ""
		if at := blockNumber.FindStringIndex(p.Name); at != nil {
			number = p.Name[at[0]+1 : at[1]-1]
			pattern = p.Name[:at[0]+1] + "*" + p.Name[at[1]-1:]
		}
		cells := fmt.Sprintf("%s\t%%s\t%s\t%s", shapeText(p.Shape), decayed, rule(p))
		r := index[pattern+cells]
		if r == nil {
			r = &row{pattern: pattern, first: number, cells: cells, each: len(p.Value)}
			index[pattern+cells] = r
			rows = append(rows, r)
		}
		r.last = number
		r.times++
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "parameter\tshape\tcount\tgroup\trule")
	for _, r := range rows {
		name, count := strings.Replace(r.pattern, "*", r.first, 1), thousands(r.each)
		if r.times > 1 {
			name = strings.Replace(r.pattern, "*", "{"+r.first+".."+r.last+"}", 1)
			count = fmt.Sprintf("%d x %s", r.times, count)
		}
		fmt.Fprintf(t, "%s\t"+r.cells+"\n", name, count)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "total %s parameters: %s decay, %s do not\n", thousands(params.Count(ps)), thousands(counts[true]), thousands(counts[false]))
	return err
}

// shapeText writes a shape as 256 x 64, a scalar as 1.
func shapeText(shape []int) string {
	if len(shape) == 0 {
		return "1"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", " x ")
}

// thousands writes a count with commas.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
