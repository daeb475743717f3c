package train

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"goomtrain/params"
)

// WriteParameters prints name, shape and count of each parameter, whether it decays or is frozen, and the rule that
// updates it. Equal parameters of several blocks share a line. A tied weight is one parameter and listed once.
func WriteParameters[F params.Float](w io.Writer, ps []*params.Param[F], rule func(*params.Param[F]) string) error {
	var rows grouped
	each := map[*group]int{}   // weights of each of its parameters
	counts := map[string]int{} // weights by column group
	for _, p := range ps {
		update, by := updated(p), rule(p)
		if p.Frozen {
			by = "-"
		}
		counts[update] += len(p.Value)
		each[rows.add(p.Name, fmt.Sprintf("%s\t%%s\t%s\t%s", shapeText(p.Shape), update, by))] = len(p.Value)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "parameter\tshape\tcount\tgroup\trule")
	for _, r := range rows {
		count := thousands(each[r])
		if n := len(r.numbers); n > 1 {
			count = fmt.Sprintf("%d x %s", n, count)
		}
		fmt.Fprintf(t, "%s\t"+r.cells+"\n", r.name(), count)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	total := fmt.Sprintf("total %s parameters: %s decay, %s do not", thousands(params.Count(ps)), thousands(counts["decays"]), thousands(counts["no decay"]))
	if n := counts["frozen"]; n > 0 {
		total += fmt.Sprintf(", %s are frozen", thousands(n))
	}
	_, err := fmt.Fprintln(w, total)
	return err
}

// updated says how the training changes a parameter.
func updated[F params.Float](p *params.Param[F]) string {
	switch {
	case p.Frozen:
		return "frozen"
	case p.Role.Decays():
		return "decays"
	}
	return "no decay"
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
