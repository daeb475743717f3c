package comm

import (
	"os"
	"strconv"
)

// launched returns the number of processes that the launcher of this one has started, as it says in the environment; 1 if
// there is no launcher.
func launched(getenv func(string) string) int {
	for _, name := range []string{
		"OMPI_COMM_WORLD_SIZE", // Open MPI
		"PMI_SIZE",             // MPICH, Intel MPI, and Slurm with PMI-2
		"MV2_COMM_WORLD_SIZE",  // MVAPICH
		"SLURM_STEP_NUM_TASKS", // srun
	} {
		if n, err := strconv.Atoi(getenv(name)); err == nil {
			return max(1, n)
		}
	}
	return 1
}

// Launched returns the number of processes that the launcher of this one, such as mpirun or srun, has started; 1 if it was
// not started by one.
func Launched() int { return launched(os.Getenv) }
