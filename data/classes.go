package data

// Classes are the classes of data whose sequences are classified. They stand behind the other tokens of the
// vocabulary: class c is the token First+c. Every sequence has one counted target, the token of its class, at its last
// position; what is behind that position is padding. A model of the next token can therefore be trained on such data
// as on any other.
type Classes struct {
	Names []string
	First int32
}

// chance is the accuracy of always naming the most frequent class.
func (c *Classes) chance(classes []int32) float64 {
	counts := make([]int, len(c.Names))
	most := 0
	for _, class := range classes {
		counts[class]++
		most = max(most, counts[class])
	}
	return float64(most) / float64(len(classes))
}
