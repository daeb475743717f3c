//go:build mpi

package comm

// The program is linked with the compiler of MPI, CC=mpicc, which knows where its header and its library are.

/*
#include <mpi.h>

// gcc takes MPICH's MPI_STATUSES_IGNORE for an array of statuses that is too short.
#pragma GCC diagnostic ignored "-Wstringop-overflow"

// MPI's constants are macros that cgo cannot read.
static int commInit(int *rank, int *size) {
	int provided, err = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
	if (err == MPI_SUCCESS) err = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	if (err == MPI_SUCCESS) err = MPI_Comm_rank(MPI_COMM_WORLD, rank);
	if (err == MPI_SUCCESS) err = MPI_Comm_size(MPI_COMM_WORLD, size);
	return err;
}

static int commSend(void *data, int n, int peer, int tag, MPI_Request *r) {
	return MPI_Isend(data, n, MPI_BYTE, peer, tag, MPI_COMM_WORLD, r);
}

static int commReceive(void *data, int n, int peer, int tag, MPI_Request *r) {
	return MPI_Irecv(data, n, MPI_BYTE, peer, tag, MPI_COMM_WORLD, r);
}

static int commTest(int n, MPI_Request *r, int *count, int *indices) {
	int err = MPI_Testsome(n, r, count, indices, MPI_STATUSES_IGNORE);
	if (*count == MPI_UNDEFINED) *count = 0;
	return err;
}

static int commError(int code, char *text) {
	int n = 0;
	return MPI_Error_string(code, text, &n) == MPI_SUCCESS ? n : 0;
}

static void commAbort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

enum { commText = MPI_MAX_ERROR_STRING };
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"goomtrain/internal/regular"
)

// World returns the group of all processes that mpirun or srun has started, or of this process alone if it was started by
// neither. It starts MPI at its first call.
var World = sync.OnceValues(func() (*Group, error) {
	if Launched() == 1 {
		return Single(), nil
	}
	// Open MPI would take the signals over that the Go runtime turns into panics.
	if _, set := os.LookupEnv("OMPI_MCA_opal_signal"); !set {
		os.Setenv("OMPI_MCA_opal_signal", "6")
	}
	// The thread needs a place of its own beside the goroutines that compute. On a process's only core the scheduler of Go would
	// let it wait for 10 milliseconds at a time; that of the system lets it run when it wakes up.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	e := &engine{wake: make(chan struct{}, 1), ended: make(chan struct{})}
	started := make(chan error)
	var rank, size int
	go func() {
		runtime.LockOSThread() // MPI is called by one thread only
		var r, n C.int
		err := mpiError("start MPI", C.commInit(&r, &n))
		rank, size = int(r), int(n)
		started <- err
		if err == nil {
			e.run()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	e.job = newJob(e, rank, size, DefaultTimeout)
	g := whole(e.job)
	err := g.introduce(thisProcess())
	e.crowded.Store(g.Sharing() > runtime.NumCPU())
	return g, err
})

// thisProcess returns the name of this process, and the host and the cores on which it runs.
func thisProcess() (name, place string) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	status, _ := regular.ReadFile("/proc/self/status", 1<<20) // there is none but on Linux
	_, cores, _ := strings.Cut(string(status), "Cpus_allowed:")
	cores, _, _ = strings.Cut(cores, "\n")
	return fmt.Sprintf("%s, process %d", host, os.Getpid()), host + " " + strings.TrimSpace(cores)
}

// mpiError returns the error of a call of MPI, nil if it has succeeded.
func mpiError(what string, code C.int) error {
	if code == C.MPI_SUCCESS {
		return nil
	}
	var text [C.commText]C.char
	n := C.commError(code, &text[0])
	return fmt.Errorf("%s: %s", what, C.GoStringN(&text[0], n))
}

// engine is the transport of MPI. One thread makes all calls: it starts messages and asks which are complete, and sleeps in
// between, as the cores have other work.
type engine struct {
	job     *job
	crowded atomic.Bool // more processes than cores
	wake    chan struct{}
	ended   chan struct{}

	mu     sync.Mutex
	queue  []*Message // to be started
	last   bool       // finalize MPI when nothing is in transfer
	ending int        // exit code with which all processes are to end; 0: none

	// Of the thread.
	taken    []*Message
	active   []*transfer // by request
	requests []C.MPI_Request
	indices  []C.int
	free     []*transfer
	busy     int // requests in transfer that are not of the tag control, for which nothing waits
	idle     int // rounds without progress
	timer    *time.Timer
}

// A transfer is a message on its way.
type transfer struct {
	m    *Message
	left int            // parts that are not complete
	pin  runtime.Pinner // of the data
}

func (e *engine) start(m *Message) {
	e.mu.Lock()
	e.queue = append(e.queue, m)
	e.mu.Unlock()
	e.awake()
}

func (e *engine) awake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *engine) close() {
	e.mu.Lock()
	e.last = true
	e.mu.Unlock()
	e.awake()
	<-e.ended
}

func (e *engine) abort(code int) {
	e.mu.Lock()
	e.ending = code
	e.mu.Unlock()
	e.awake()
	time.Sleep(2 * time.Second) // the thread ends the process, unless it is blocked in MPI
	os.Exit(code)
}

// largestPart is the largest transfer of one call of MPI, which counts bytes in an int.
const largestPart = 1 << 30

// run is the thread's loop.
func (e *engine) run() {
	e.timer = time.NewTimer(time.Hour)
	for {
		e.mu.Lock()
		e.taken, e.queue = e.queue, e.taken[:0]
		last, ending := e.last, e.ending
		e.mu.Unlock()
		if ending != 0 {
			C.commAbort(C.int(ending))
		}
		for _, m := range e.taken {
			e.begin(m)
		}
		clear(e.taken)
		if last && len(e.active) == 0 {
			C.MPI_Finalize()
			close(e.ended)
			return
		}
		if e.test() {
			e.idle = 0
		} else {
			e.rest()
		}
	}
}

// begin starts the transfer of a message, in parts.
func (e *engine) begin(m *Message) {
	t := &transfer{}
	if last := len(e.free) - 1; last >= 0 {
		t, e.free = e.free[last], e.free[:last]
	}
	t.m = m
	t.pin.Pin(&m.Data[0])
	for lo := 0; lo < len(m.Data); lo += largestPart {
		part := m.Data[lo:min(lo+largestPart, len(m.Data))]
		var r C.MPI_Request
		var code C.int
		if data, n := unsafe.Pointer(&part[0]), C.int(len(part)); m.Receive {
			code = C.commReceive(data, n, C.int(m.world), C.int(m.tag), &r)
		} else {
			code = C.commSend(data, n, C.int(m.world), C.int(m.tag), &r)
		}
		if err := mpiError("MPI", code); err != nil {
			e.job.fail(m.world, err.Error())
			return
		}
		t.left++
		e.active, e.requests = append(e.active, t), append(e.requests, r)
		e.indices = append(e.indices, 0)
		if m.tag != control {
			e.busy++
		}
	}
}

// test completes the messages whose transfer has ended. It reports whether there was one.
func (e *engine) test() bool {
	if len(e.active) == 0 {
		return false
	}
	var count C.int
	if err := mpiError("MPI", C.commTest(C.int(len(e.requests)), &e.requests[0], &count, &e.indices[0])); err != nil {
		e.job.fail(e.job.rank, err.Error())
		return false // nothing says which data are right
	}
	for _, i := range e.indices[:count] {
		t := e.active[i]
		e.active[i] = nil
		if t.m.tag != control {
			e.busy--
		}
		if t.left--; t.left == 0 {
			t.pin.Unpin()
			t.m.complete()
			t.m = nil
			e.free = append(e.free, t)
		}
	}
	if count == 0 {
		return false
	}
	n := 0
	for i, t := range e.active {
		if t != nil {
			e.active[n], e.requests[n] = t, e.requests[i]
			n++
		}
	}
	clear(e.active[n:])
	e.active, e.requests, e.indices = e.active[:n], e.requests[:n], e.indices[:n]
	return true
}

// How often the thread tests. It takes little time from the cores while they compute, and answers fast when they wait.
const (
	spins      = 2000 // tests that follow each other while a goroutine waits for a message: some milliseconds
	waitPause  = 20 * time.Microsecond
	shortPause = 300 * time.Microsecond // while there are messages, but none waits for them
	longPause  = time.Millisecond       // while there are no messages but those of the tag control
)

// rest waits until the next test or a new message.
func (e *engine) rest() {
	pause := longPause
	switch {
	case e.busy == 0:
	case waiting.Load() == 0:
		pause = shortPause
	default:
		if e.idle++; e.idle < spins && !e.crowded.Load() { // other processes need the core
			runtime.Gosched()
			return
		}
		pause = waitPause
	}
	e.timer.Reset(pause)
	select {
	case <-e.wake:
	case <-e.timer.C:
	}
}
