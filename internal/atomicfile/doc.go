// Package atomicfile replaces files and links so that a reader, or the machine after a power cut,
// finds either the whole old content or the whole new one.
//
// The recipe: write a temporary file in the same folder, fsync it, rename it over the target, fsync
// the folder. A write that fails leaves the target as it was and removes its temporary file; one
// that is killed leaves a temporary file whose name starts with TempPrefix.
package atomicfile
