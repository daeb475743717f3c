package train

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/comm"
)

// A trace is a record of when a process computes and when messages travel, in the format of Chrome's trace viewer, which
// Perfetto reads too.
type trace struct {
	rank   int
	events []traceEvent
}

// A traceEvent is a bar of the picture. Times are in microseconds.
type traceEvent struct {
	Name    string  `json:"name"`
	Kind    string  `json:"cat"`
	Phase   string  `json:"ph"` // X: a bar; b and e: begin and end of a bar that others may overlap
	Begin   float64 `json:"ts"`
	Length  float64 `json:"dur,omitempty"`
	Process int     `json:"pid"`
	Lane    int     `json:"tid"`
	ID      int     `json:"id,omitempty"`
}

// maxTraceEvents bounds the memory and the file: the first steps of a session are in it.
const maxTraceEvents = 20000

// Kinds of events.
const (
	traceCompute  = "compute"
	traceExchange = "exchange" // the process waits for others
	traceMessage  = "message"
)

// since adds a bar from begin until now, and returns the present.
func (t *trace) since(begin time.Time, kind, name string) time.Time {
	now := time.Now()
	if t != nil && len(t.events) < maxTraceEvents {
		t.events = append(t.events, traceEvent{Name: name, Kind: kind, Phase: "X", Begin: t.at(begin), Length: t.at(now) - t.at(begin), Process: t.rank, Lane: 0})
	}
	return now
}

// message adds the transfer of a message.
func (t *trace) message(m *comm.Message, name string) {
	if t == nil || len(t.events) >= maxTraceEvents {
		return
	}
	begin, end := m.Times()
	verb := "to"
	if m.Receive {
		verb = "from"
	}
	e := traceEvent{Name: fmt.Sprintf("%s %s %d", name, verb, m.Peer), Kind: traceMessage, Phase: "b", Begin: t.at(begin), Process: t.rank, Lane: 1 + m.Peer, ID: len(t.events) + 1}
	t.events = append(t.events, e)
	e.Phase, e.Begin = "e", t.at(end)
	t.events = append(t.events, e)
}

// at is a time since 1970, so that the traces of all processes fit together.
func (t *trace) at(x time.Time) float64 { return float64(x.UnixNano()) / 1000 }

// write writes the trace to a file of the run folder and returns its name.
func (t *trace) write(dir string) (string, error) {
	text, err := json.Marshal(map[string]any{"traceEvents": t.events, "displayTimeUnit": "ms"})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf("trace-%d.json", t.rank))
	return path, atomicfile.WriteFile(path, text)
}
