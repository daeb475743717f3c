// Package registry maps names to things of one kind: models, tasks, optimizers, schedules, tokenizers.
//
// A package for such things has one Registry and exports a Register function for it, so that other modules can
// add to it in an init function. Names are unique.
package registry

import (
	"fmt"
	"regexp"

	"goomtrain/internal/nearest"
)

// A Registry maps names to things of one kind. New makes one; the zero value is not usable. Registering is not
// safe for concurrent use: do it in init functions.
type Registry[T any] struct {
	kind   string
	names  []string
	byName map[string]T
}

// New returns an empty registry of things of that kind, a noun for errors such as "model".
func New[T any](kind string) *Registry[T] {
	return &Registry[T]{kind: kind, byName: map[string]T{}}
}

// Register adds a thing. It panics if the name is taken or is not one of letters, digits, dots, dashes and
// underscores: names stand in flags, in files and in the names of run folders.
func (r *Registry[T]) Register(name string, thing T) {
	if !valid.MatchString(name) {
		panic(fmt.Sprintf("%q cannot be the name of a %s", name, r.kind))
	}
	if _, taken := r.byName[name]; taken {
		panic(fmt.Sprintf("the %s %q is registered twice", r.kind, name))
	}
	r.names = append(r.names, name)
	r.byName[name] = thing
}

// Find returns the thing of that name, or an error that suggests the nearest name.
func (r *Registry[T]) Find(name string) (T, error) {
	thing, ok := r.byName[name]
	if !ok {
		return thing, fmt.Errorf("there is no %s %q%s", r.kind, name, nearest.Hint(name, r.names))
	}
	return thing, nil
}

var valid = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Names lists the names in the order of registration.
func (r *Registry[T]) Names() []string { return append([]string(nil), r.names...) }
