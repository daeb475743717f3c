package optim

// pieceSize is how many elements one parallel task takes: enough to hide the cost of handing it
// over, few enough that two cores share a small model evenly.
const pieceSize = 16384

// A piece is a range of one parameter's elements.
type piece struct{ index, lo, hi int }

// appendPieces cuts the n elements of parameter number index.
func appendPieces(pieces []piece, index, n int) []piece {
	for lo := 0; lo < n; lo += pieceSize {
		pieces = append(pieces, piece{index, lo, min(lo+pieceSize, n)})
	}
	return pieces
}
