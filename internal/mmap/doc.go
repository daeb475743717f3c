// Package mmap maps the content of a file into memory as a slice of bytes, on systems that can. On others it
// reads the file.
//
// The bytes are read-only: writing to them ends the program. Reading a part of a file that has been cut off
// also ends the program. Map only files that are replaced by renaming, never rewritten in place.
package mmap
