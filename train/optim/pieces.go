package optim

// pieceSize is the number of elements of one parallel task: large enough to hide the cost of starting it, small
// enough that two cores share a small model evenly.
const pieceSize = 16384

// A piece is a range of elements of one parameter.
type piece struct{ index, lo, hi int }

// appendPieces cuts the n elements of parameter number index.
func appendPieces(pieces []piece, index, n int) []piece {
	for lo := 0; lo < n; lo += pieceSize {
		pieces = append(pieces, piece{index, lo, min(lo+pieceSize, n)})
	}
	return pieces
}
