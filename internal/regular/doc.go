// Package regular opens regular files only. Opening a named pipe waits until something writes to it, and a
// device may never end. All paths that come from a user or a run folder are opened with this package.
package regular
