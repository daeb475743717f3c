// Package comm lets the processes of a job exchange data. A Group is a set of processes as one of them sees it; functions
// such as AllGather move slices between all members of a group, and a Message moves one slice between two of them.
//
// World returns the group of all processes of the job. In a program built with the tag mpi and started by mpirun or srun,
// these are the processes of MPI. In all others the group has one member. Local returns the groups of processes that are
// goroutines of one program, for tests.
//
// A job fails as a whole. When a process fails, or is silent for longer than the timeout, every call that waits on any
// process returns a PeerError that names it. Processes are watched by heartbeats, so a process that is busy for long is not
// taken for one that is silent.
package comm
