package params

import "fmt"

// A Role is what a parameter is in its layer. The layer that makes a parameter says its role, and
// optimizers go by it: which parameters decay, which of them Muon makes orthogonal, which have a learning
// rate of their own. So a role is chosen by how the forward pass uses the parameter, not by its shape:
//
//   - multiplied by activations, which it maps to other activations: Matrix;
//   - some of its rows picked out, or all of them scored, by an index such as a token: Embedding;
//   - its rows picked out by the position in the sequence: Positions;
//   - multiplied by the state of a recurrence at every step: Recurrent;
//   - the state in which a recurrence begins: State;
//   - added to activations, or multiplied with them element by element: Vector.
//
// What maps a state into a layer or out of it, once a step, is a Matrix. A table that is both looked up and
// the head (tied weights) is an Embedding, and so is a head alone.
type Role int

// The roles of parameters.
const (
	Matrix    Role = iota // weights of a linear map; where they have two dimensions, Muon makes their updates orthogonal
	Embedding             // rows that are looked up or scored, such as token tables and tied heads: a step moves few of them
	Positions             // rows that are looked up by position
	Recurrent             // what a recurrence multiplies its state by at every step: small changes of it change the memory much
	State                 // initial states
	Vector                // biases, gains and scales: they do not decay
)

var roleNames = [...]string{"matrix", "embedding", "positions", "recurrent", "state", "vector"}

// String is the role's name in tables: matrix, embedding, positions, recurrent, state or vector.
func (r Role) String() string {
	if !r.valid() {
		return fmt.Sprintf("Role(%d)", int(r))
	}
	return roleNames[r]
}

func (r Role) valid() bool { return r >= 0 && int(r) < len(roleNames) }

// Decays reports whether weight decay shrinks parameters of this role: all but Vector, whose values, such
// as a gain of 1, have no reason to be near 0.
func (r Role) Decays() bool { return r != Vector }
