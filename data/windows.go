package data

import (
	"sort"

	"goomtrain/data/corpus"
	"goomtrain/rng"
)

// randomWindows draws stretches of text at uniform places: inputs are SeqLen tokens, targets the tokens one further on.
// Of several streams it draws one first.
type randomWindows struct {
	random  *rng.Stream
	streams []*corpus.Stream
	shares  []float64 // of each stream and those before it: the chance that one of them is drawn
	row     []int32   // [SeqLen+1]
}

func (w *randomWindows) draw(inputs, targets []int32) bool {
	stream := w.streams[0]
	if last := len(w.streams) - 1; last > 0 {
		x := w.random.Float64()
		stream = w.streams[sort.Search(last, func(i int) bool { return x < w.shares[i] })]
	}
	stream.Copy(w.row, w.random.IntN(stream.Len()-len(inputs)))
	copy(inputs, w.row)
	copy(targets, w.row[1:])
	return true
}

func (w *randomWindows) position() position {
	state := w.random.State()
	return position{RNG: &state}
}

func (w *randomWindows) seek(p position) error {
	if err := sameStream(p.RNG, w.random.State()); err != nil {
		return err
	}
	w.random = rng.Restore(*p.RNG)
	return nil
}

// fixedWindows draws the stretches that cover each of the streams without overlapping, each once.
type fixedWindows struct {
	spread
	streams []*corpus.Stream
	ends    []int   // number of the windows of each stream and those before it
	row     []int32 // [SeqLen+1]
}

func newFixedWindows(streams []*corpus.Stream, length int) *fixedWindows {
	w := &fixedWindows{streams: streams, row: make([]int32, length+1)}
	for _, s := range streams {
		w.count += max(0, s.Len()-1) / length
		w.ends = append(w.ends, w.count)
	}
	return w
}

func (w *fixedWindows) draw(inputs, targets []int32) bool {
	i, ok := w.step()
	if !ok {
		return false
	}
	stream := sort.SearchInts(w.ends, i+1)
	if stream > 0 {
		i -= w.ends[stream-1]
	}
	w.streams[stream].Copy(w.row, i*len(inputs))
	copy(inputs, w.row)
	copy(targets, w.row[1:])
	return true
}
