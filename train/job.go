package train

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"goomtrain/internal/comm"
)

// A Job is the processes that were started together by mpirun or srun, as one of them sees them. In a program that is built
// without the tag mpi, or started by neither, it has one process.
//
// Run and Launch train with all processes of the job. A program calls Join first and End last:
//
//	job, err := train.Join()
//	...
//	_, err = train.Run(ctx, cfg, model, dataset, os.Stdout)
//	...
//	os.Exit(job.End(code, message, os.Stderr))
type Job struct{ group *comm.Group }

// Join returns the job of this process.
func Join() (Job, error) {
	group, err := comm.World()
	return Job{group}, err
}

// Leads reports whether this is the process that speaks for the job: rank 0.
func (j Job) Leads() bool { return j.group.Rank() == 0 }

// Alone reports whether the job has no other process.
func (j Job) Alone() bool { return j.group.Size() == 1 }

// End ends this process's part in the job and returns the exit code of the program: code, or 1 if another process has
// failed. Codes 0 and 130 say that this process has not failed; for others the message says why, and all processes end.
// End writes to w what the process that leads has not shown.
func (j Job) End(code int, message string, w io.Writer) int {
	if code == 0 || code == 130 {
		err := j.group.Leave()
		if err == nil {
			return code
		}
		code = 1
		if j.group.Reports() {
			fmt.Fprintln(w, "train:", withAdvice(err))
		}
	} else {
		j.group.Fail(errors.New(strings.TrimSpace(strings.TrimPrefix(message, "train: "))))
		if !j.Leads() && j.group.Reports() {
			fmt.Fprint(w, message)
		}
	}
	j.group.Abort(code)
	return code
}
