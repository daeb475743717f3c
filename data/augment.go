package data

import "goomtrain/rng"

// largestShift is the largest distance in pixels by which augment shifts an image.
const largestShift = 2

// augment makes a source of images vary each of them: mirrored left to right with probability 1/2, and shifted by up to 2
// pixels down or up and right or left, black where nothing was. The random numbers follow from the seed, the round of the
// source and the image, so that a source that is restored goes on with the same ones.
func (s *imageSet) augment(source *shuffled, seed uint64) {
	key := rng.NewKey(seed, "data/augment")
	columns := s.size / s.rows
	plain := make([]int32, s.size)
	fill := source.fill
	source.fill = func(image int, inputs, targets []int32) {
		fill(image, inputs, targets)
		copy(plain, inputs)
		bits := key.Sub(source.before.Counter).Uint64(uint64(image))
		mirror := bits&1 == 1
		down, right := int(bits>>8%(2*largestShift+1))-largestShift, int(bits>>32%(2*largestShift+1))-largestShift
		for r := range s.rows {
			for c := range columns {
				fromRow, fromColumn := r-down, c-right
				if mirror {
					fromColumn = columns - 1 - fromColumn
				}
				pixel := int32(0)
				if fromRow >= 0 && fromRow < s.rows && fromColumn >= 0 && fromColumn < columns {
					pixel = plain[fromRow*columns+fromColumn]
				}
				inputs[r*columns+c] = pixel
			}
		}
	}
}
