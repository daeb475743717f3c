package data

import (
	"goomtrain/data/corpus"
	"goomtrain/rng"
)

// randomWindows draws stretches of the stream at uniform places: inputs are SeqLen tokens, targets the
// tokens one further on.
type randomWindows struct {
	random *rng.Stream
	stream *corpus.Stream
	row    []int32 // [SeqLen+1]
}

func (w *randomWindows) draw(inputs, targets []int32) bool {
	w.stream.Copy(w.row, w.random.IntN(w.stream.Len()-len(inputs)))
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

// fixedWindows draws the stretches that cover the stream without overlapping, each once.
type fixedWindows struct {
	spread
	stream *corpus.Stream
	row    []int32 // [SeqLen+1]
}

func (w *fixedWindows) draw(inputs, targets []int32) bool {
	i, ok := w.step()
	if !ok {
		return false
	}
	w.stream.Copy(w.row, i*len(inputs))
	copy(inputs, w.row)
	copy(targets, w.row[1:])
	return true
}
