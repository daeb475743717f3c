package params

import "fmt"

// A Role is the function of a parameter in its layer. Optimizers decide by it which parameters decay, which of
// them Muon makes orthogonal, and which have a learning rate of their own. The layer that makes a parameter
// chooses the role by how the forward pass uses the parameter, not by its shape:
//
//   - Matrix: multiplied by activations, which it maps to other activations;
//   - Embedding: rows are picked, or all of them scored, by an index such as a token;
//   - Positions: rows are picked by the position in the sequence;
//   - Recurrent: multiplied by the state of a recurrence at every step;
//   - State: the initial state of a recurrence;
//   - Vector: added to activations, or multiplied with them element by element.
//
// A parameter that maps inputs to a state or a state to outputs, once each step, is a Matrix. A table that is
// both looked up and used as the head (tied weights) is an Embedding, and so is a head alone.
type Role int

// The roles of parameters.
const (
	Matrix    Role = iota // weights of a linear map; Muon makes their updates orthogonal if they have two dimensions
	Embedding             // rows that are looked up or scored, as in token tables and tied heads; a step changes few of them
	Positions             // rows that are looked up by position
	Recurrent             // matrix of a recurrence; small changes have a large effect on its memory
	State                 // initial states
	Vector                // biases, gains and scales; they do not decay
)

var roleNames = [...]string{"matrix", "embedding", "positions", "recurrent", "state", "vector"}

// String returns the name of the role: matrix, embedding, positions, recurrent, state or vector.
func (r Role) String() string {
	if !r.valid() {
		return fmt.Sprintf("Role(%d)", int(r))
	}
	return roleNames[r]
}

func (r Role) valid() bool { return r >= 0 && int(r) < len(roleNames) }

// Decays reports whether weight decay applies to parameters of this role. It applies to all but Vector, whose
// values, such as a gain of 1, have no reason to be near 0.
func (r Role) Decays() bool { return r != Vector }
