// Package extendtest tests what another module gets for registering a model, a task, an optimizer and a schedule:
// flags with rules and owners, help, config.toml, the checks of a resumed run, exact resuming, and generation.
//
// What is registered is registered for the whole test binary. It has this package for itself, so that tests which
// list all models or all optimizers do not meet it.
package extendtest
