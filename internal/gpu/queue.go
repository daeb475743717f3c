package gpu

import (
	"errors"
	"fmt"
)

// A Module is the kernels of one source file. A Text of "" is what the device has under the name.
type Module struct{ Name, Text string }

// A Function is a kernel that a Queue has loaded.
type Function struct {
	name   string
	kernel Kernel
}

// A Queue launches kernels on a device and remembers the first error: after it, launches and copies do nothing, and Err,
// Read and Sync return it. It loads each module when its first function is asked for. It is not safe for concurrent use.
type Queue struct {
	device  Device
	modules map[*Module]func(name string) (Kernel, error)
	args    []uint64
	used    int64
	err     error
}

// NewQueue returns a queue of the device.
func NewQueue(d Device) *Queue {
	return &Queue{device: d, modules: map[*Module]func(string) (Kernel, error){}}
}

// Err returns the first error.
func (q *Queue) Err() error { return q.err }

// Fail remembers an error, if it is the first.
func (q *Queue) Fail(err error) {
	if q.err == nil {
		q.err = err
	}
}

// Recover forgets an error for want of memory. Its caller has closed the scope that wanted the memory, so that nothing
// that is left depends on launches and copies which were not made.
func (q *Queue) Recover() {
	if errors.Is(q.err, ErrMemory) {
		q.err = nil
	}
}

// Used returns the bytes that are allocated through the queue.
func (q *Queue) Used() int64 { return q.used }

// Function returns a kernel of a module.
func (q *Queue) Function(m *Module, name string) Function {
	if q.err != nil {
		return Function{name: name}
	}
	find, ok := q.modules[m]
	if !ok {
		text, err := m.Text, error(nil)
		if text == "" {
			text, err = q.device.PTX(m.Name)
		}
		if err == nil {
			find, err = q.device.Load(text)
		}
		if err != nil {
			q.Fail(fmt.Errorf("gpu: load the kernels of %s: %w", m.Name, err))
			return Function{name: name}
		}
		q.modules[m] = find
	}
	k, err := find(name)
	if err != nil {
		q.Fail(fmt.Errorf("gpu: kernel %s of %s: %w", name, m.Name, err))
	}
	return Function{name, k}
}

// Launch starts a kernel. Arguments are given by their bits: of pointers as uint64(p), of others by Int, Float and Double.
func (q *Queue) Launch(f Function, grid, block Dim, args ...uint64) {
	if q.err != nil || grid.X*grid.Y*grid.Z == 0 {
		return
	}
	q.args = append(q.args[:0], args...)
	if err := q.device.Launch(f.kernel, grid, block, q.args); err != nil {
		q.Fail(fmt.Errorf("gpu: launch %s with grid %v of blocks %v: %w", f.name, grid, block, err))
	}
}

// Write copies words to the device.
func (q *Queue) Write(to Ptr, words []uint32) {
	if q.err != nil || len(words) == 0 {
		return
	}
	if err := q.device.Write(to, words); err != nil {
		q.Fail(fmt.Errorf("gpu: write %d bytes: %w", 4*len(words), err))
	}
}

// Read waits for all launches and copies words from the device.
func (q *Queue) Read(words []uint32, from Ptr) error {
	if q.err == nil && len(words) > 0 {
		if err := q.device.Read(words, from); err != nil {
			q.Fail(fmt.Errorf("gpu: read %d bytes: %w", 4*len(words), err))
		}
	}
	return q.err
}

// Sync waits for all launches.
func (q *Queue) Sync() error {
	if q.err == nil {
		if err := q.device.Sync(); err != nil {
			q.Fail(fmt.Errorf("gpu: %w", err))
		}
	}
	return q.err
}
