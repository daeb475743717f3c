//go:build !mpi

package comm

import "fmt"

// World returns the group of all processes of the job. Without the tag mpi it has this process alone; a program that was
// started as several processes returns an error, as each would do the whole work.
func World() (*Group, error) {
	if n := Launched(); n > 1 {
		return nil, fmt.Errorf("this program was started as %d processes, but it is built without MPI, so that each would do the whole work: build it with CC=mpicc go build -tags mpi (docs/scaling.md)", n)
	}
	return Single(), nil
}
