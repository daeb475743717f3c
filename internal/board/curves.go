package board

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"goomtrain/train/metrics"
)

const (
	maxCurves = 64
	maxPoints = 400_000 // of an answer; with many runs each has fewer
	maxWidth  = 4096
)

// A curvesQuery is the question of /api/curves.
type curvesQuery struct {
	view
	ids   []string
	names []string // SPLIT:FIELD, or layer/LAYER:grad_norm
	split []string
	field []int
}

// parseCurves reads the parameters of a request.
func parseCurves(values url.Values) (q curvesQuery, err error) {
	q.ids = strings.Split(values.Get("ids"), ".")
	q.names = strings.Split(values.Get("curves"), ",")
	if len(q.ids) > maxRuns || len(q.names) > maxCurves {
		return q, fmt.Errorf("at most %d runs and %d curves", maxRuns, maxCurves)
	}
	for _, name := range q.names {
		at := strings.LastIndexByte(name, ':')
		field := slices.Index(fields, name[at+1:])
		if at < 0 || field < 0 {
			return q, fmt.Errorf("curve %.80q: must be SPLIT:FIELD with a field of %s", name, strings.Join(fields, ", "))
		}
		q.split, q.field = append(q.split, name[:at]), append(q.field, field)
	}
	q.axis = values.Get("x")
	if !slices.Contains([]string{"step", "tokens", "time"}, q.axis) {
		return q, errors.New("x: must be step, tokens or time")
	}
	number := func(name string, absent, low, high float64) float64 {
		text := values.Get(name)
		if text == "" {
			return absent
		}
		x, e := strconv.ParseFloat(text, 64)
		if e != nil || !(x >= low && x <= high) {
			err = fmt.Errorf("%s: must be a number from %g to %g", name, low, high)
		}
		return x
	}
	q.from, q.to = number("from", math.Inf(-1), -math.MaxFloat64, math.MaxFloat64), number("to", math.Inf(1), -math.MaxFloat64, math.MaxFloat64)
	q.smooth = number("smooth", 0, 0, 0.999)
	q.width = int(number("width", 600, 1, maxWidth))
	q.logX = values.Get("logx") == "1"
	q.width = min(q.width, max(8, maxPoints/(2*len(q.ids)*len(q.names))))
	return q, err
}

// curves returns the curves of each name, by run. Runs that are not known, or lack a curve, are left out.
func (b *Board) curves(q curvesQuery) map[string]map[string]curve {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[string]map[string]curve, len(q.names))
	for i, name := range q.names {
		out[name] = map[string]curve{}
		for _, id := range q.ids {
			r := b.byID[id]
			if r == nil {
				continue
			}
			v := q.view
			if q.split[i] != metrics.Train || fields[q.field[i]] == "lr" {
				v.smooth = 0 // evaluations and the schedule have no noise of single batches
			}
			rows := r.rows[q.split[i]]
			if layer, ok := strings.CutPrefix(q.split[i], "layer/"); ok {
				rows = r.layers[layer]
			}
			if xs, ys := v.points(rows, q.field[i]); len(xs) > 0 {
				out[name][id] = curve{xs, ys}
			}
		}
	}
	return out
}
