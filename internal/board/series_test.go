package board

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"goomtrain/train/metrics"
)

// rowsOf are rows of losses at the steps 1, 2, 3, ...
func rowsOf(losses ...float64) (rows []row) {
	for i, loss := range losses {
		rows = append(rows, newRow(metrics.Record{Step: int64(i + 1), Tokens: int64(10 * (i + 1)), Elapsed: float64(i), Loss: loss}))
	}
	return rows
}

func whole(axis string) view {
	return view{axis: axis, from: math.Inf(-1), to: math.Inf(1), width: 100}
}

func TestPoints(t *testing.T) {
	rows := rowsOf(4, math.NaN(), 2, 1, 3)
	inside := whole("step")
	inside.from, inside.to = 3.5, 4
	smooth := whole("step")
	smooth.smooth = 0.5
	logX := whole("time")
	logX.logX = true
	for name, c := range map[string]struct {
		view view
		want string
	}{
		"steps":             {whole("step"), "[1 3 4 5] [4 2 1 3]"},
		"tokens":            {whole("tokens"), "[10 30 40 50] [4 2 1 3]"},
		"time without 0":    {logX, "[2 3 4] [2 1 3]"},
		"with neighbors":    {inside, "[3 4 5] [2 1 3]"},
		"smoothed, no bias": {smooth, "[1 3 4 5] [4 2.6666667 1.7142857 2.4]"},
	} {
		xs, ys := c.view.points(rows, 0)
		if got := fmt.Sprint(xs, ys); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	back := append(rowsOf(5, 6), rowsOf(7)...) // steps that go back
	if xs, _ := whole("step").points(back, 0); !slices.Equal(xs, []float64{1, 2}) {
		t.Errorf("x does not increase: %v", xs)
	}
}

// TestFewPoints: a curve of two points a bucket is shown as it is.
func TestFewPoints(t *testing.T) {
	v := whole("step")
	v.logX = true // most points are in the last buckets
	losses := make([]float64, 2*v.width)
	for i := range losses {
		losses[i] = float64(i)
	}
	if xs, _ := v.points(rowsOf(losses...), 0); len(xs) != len(losses) {
		t.Errorf("%d points of %d", len(xs), len(losses))
	}
	if xs, _ := v.points(rowsOf(append(losses, make([]float64, 10)...)...), 0); len(xs) > 2*v.width+2 {
		t.Errorf("%d points of more", len(xs))
	}
}

// TestReduce: the peaks, the first point and the last one survive, at most about two points a bucket.
func TestReduce(t *testing.T) {
	losses := make([]float64, 100_000)
	for i := range losses {
		losses[i] = 2 + math.Sin(float64(i))/10
	}
	losses[54_321], losses[77_777] = 50, -50
	losses[54_322], losses[77_778] = -49, 49 // in the same buckets: both of each must survive
	for _, logX := range []bool{false, true} {
		v := whole("step")
		v.logX = logX
		xs, ys := v.points(rowsOf(losses...), 0)
		if len(xs) > 2*v.width+2 || len(xs) < v.width/2 || xs[0] != 1 || xs[len(xs)-1] != 100_000 {
			t.Errorf("%d points from %g to %g", len(xs), xs[0], xs[len(xs)-1])
		}
		high, low := slices.Index(ys, 50), slices.Index(ys, -50)
		if !slices.Contains(ys, 49) || !slices.Contains(ys, -49) {
			t.Errorf("log x %v: the second peak of a bucket is lost", logX)
		}
		if high < 0 || low < 0 || xs[high] != 54_322 || xs[low] != 77_778 || !slices.IsSorted(xs) {
			t.Error("a peak is lost, or the order")
		}
	}
}

func TestParseCurves(t *testing.T) {
	for query, want := range map[string]string{
		"curves=train:loss&x=step&ids=a":                  "",
		"curves=train:loss&x=epoch&ids=a":                 "x: must be step, tokens or time",
		"curves=loss&x=step&ids=a":                        `curve "loss": must be SPLIT:FIELD with a field of loss, bpb, accuracy, sequence_accuracy, lr, grad_norm, tokens_per_sec`,
		"curves=train:secret&x=step&ids=a":                `curve "train:secret": must be SPLIT:FIELD with a field of loss, bpb, accuracy, sequence_accuracy, lr, grad_norm, tokens_per_sec`,
		"curves=train:loss&x=step&ids=a&width=1000000000": "width: must be a number from 1 to 4096",
		"curves=train:loss&x=step&ids=a&smooth=1":         "smooth: must be a number from 0 to 0.999",
		"curves=train:loss&x=step&ids=a&from=NaN":         "from: must be a number from -1.7976931348623157e+308 to 1.7976931348623157e+308",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := parseCurves(values); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestCurveJSON: whole numbers of x, such as tokens, are exact.
func TestCurveJSON(t *testing.T) {
	text, err := json.Marshal(curve{[]float64{1, 2.5, 12345678901}, []float32{0.1, 2, -3e-9}})
	if want := "[[1,2.5,12345678901],[0.1,2,-3e-09]]"; err != nil || string(text) != want {
		t.Errorf("%s, want %s, error %v", text, want, err)
	}
}

// TestViews: what a request leaves out has a default, and with many curves each has fewer points.
func TestViews(t *testing.T) {
	list := func(n int, name, by string) string { return strings.TrimSuffix(strings.Repeat(name+by, n), by) }
	for _, c := range []struct {
		query string
		want  view
	}{
		{"x=step&ids=a&curves=train:loss", view{axis: "step", from: math.Inf(-1), to: math.Inf(1), width: 600}},
		{"x=time&ids=a&curves=train:loss&from=-2&to=1e3&smooth=0.9&width=4096&logx=1", view{"time", -2, 1000, 4096, 0.9, true}},
		{"x=tokens&ids=" + list(1000, "a", ".") + "&curves=" + list(10, "a:lr", ","), view{axis: "tokens", from: math.Inf(-1), to: math.Inf(1), width: maxPoints / 20000}},
		{"x=tokens&ids=" + list(maxRuns, "a", ".") + "&curves=" + list(maxCurves, "a:lr", ","), view{axis: "tokens", from: math.Inf(-1), to: math.Inf(1), width: 8}},
	} {
		values, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := parseCurves(values); err != nil || q.view != c.want {
			t.Errorf("%.100s: %+v, want %+v, error %v", c.query, q.view, c.want, err)
		}
	}
	for _, query := range []string{"x=step&ids=" + list(maxRuns+1, "a", ".") + "&curves=train:loss", "x=step&ids=a&curves=" + list(maxCurves+1, "a:lr", ",")} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseCurves(values); err == nil || err.Error() != fmt.Sprintf("at most %d runs and %d curves", maxRuns, maxCurves) {
			t.Errorf("%.100s: error %v", query, err)
		}
	}
}

// TestCurvesAreSmoothed: only numbers of single batches are, not evaluations nor the schedule.
func TestCurvesAreSmoothed(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	for i, loss := range []float64{4, 2} {
		for _, split := range []string{"train", "valid"} {
			s.write("a/metrics.jsonl", strings.Replace(line(i+1, split, loss), "}", fmt.Sprintf(`,"lr":%g}`, loss/8), 1))
		}
	}
	id := s.list(0).Runs[0].ID
	var curves map[string]map[string][2][]float64
	s.get("/api/curves?x=tokens&smooth=0.5&ids=none."+id+"&curves=train:loss,valid:loss,train:lr", 200, &curves)
	for name, want := range map[string]string{"train:loss": "[[10 20] [4 2.6666667]]", "valid:loss": "[[10 20] [4 2]]", "train:lr": "[[10 20] [0.5 0.25]]"} {
		if got := fmt.Sprint(curves[name][id]); got != want || len(curves[name]) != 1 {
			t.Errorf("%s: %s, want %s, of %d runs", name, got, want, len(curves[name]))
		}
	}
}
