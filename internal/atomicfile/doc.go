// Package atomicfile replaces files and links atomically: a reader, or the machine after a power cut, finds
// either the whole old content or the whole new one.
//
// It writes a temporary file in the same folder, syncs it, renames it to the target and syncs the folder. A
// write that fails leaves the target unchanged and removes its temporary file. A killed process leaves a
// temporary file whose name starts with TempPrefix.
package atomicfile
