// Package mmap shows the content of a file as a slice of bytes without reading it into the heap, on
// systems that can; elsewhere it reads the file.
//
// The bytes are read-only: writing to them ends the program. A file must not be shortened while it is
// open here, because touching a page that is gone ends the program too; so map only files that are
// replaced by renaming, never rewritten in place.
package mmap
