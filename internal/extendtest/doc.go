// Package extendtest tests what another module gets for registering a model, a task, an optimizer and a
// schedule: flags with rules and owners, help, config.toml, the checks of a resumed run, exact resuming, and
// generation.
//
// Registering affects the whole test binary. These tests therefore have a package of their own, so that tests
// that list all models or all optimizers do not see what is registered here.
package extendtest
