// Package schedule gives the learning rate and the momentum of every step as pure functions of the
// step's number: there is nothing to save and nothing to restore, so a resumed run cannot lag or
// restart its curve.
//
// A Config is one schedule with its settings: NewConfig gives the defaults, Settings lists what can be set,
// New makes the Schedule. Other modules register schedules of their own.
//
// Steps count from 1: step s is the s-th update. Rates are per update, without a unit.
package schedule
