// Package settings describes what can be configured. The package that uses a value owns its Setting: name,
// help, default, rule, and whether a resumed run may change it. Flags, TOML files, help texts, validation and
// the comparison of runs are all derived from a Table of settings.
//
// A configuration is a struct with a method that returns a Table of pointers to its fields:
//
//	func (c *Config) Settings() settings.Table {
//		return settings.Table{
//			{Name: "steps", Help: "updates to make", Value: &c.Steps, Rule: settings.AtLeast(1)},
//		}
//	}
//
// The default of a setting is the value of its field when the table is made. An unknown name, a name given
// twice, or a value of the wrong type or outside its rule is an error that names the setting, the value and the
// rule.
package settings
