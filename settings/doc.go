// Package settings is one table of named values that serves command line flags, TOML files and help
// alike, so that a name means the same everywhere.
//
// Values are set through pointers to int, int64, uint64, float64, string or bool. An unknown name,
// a name given twice, a value of the wrong type: an error that names it and the rule.
package settings
