// Package regular opens regular files only. Opening a named pipe waits until something writes to it, and a
// device may never end, so a path that a user or a run folder names is opened through this package.
package regular
