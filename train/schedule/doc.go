// Package schedule computes the learning rate and the momentum of every step. Both are pure functions of the
// step's number: there is nothing to save, and a resumed run continues on the same curve.
//
// A Config is one schedule with its settings: NewConfig returns the defaults, Settings lists the settings, New
// makes the Schedule. Other modules can register schedules.
//
// Steps count from 1: step s is the s-th update. Rates are per update, without a unit.
package schedule
