// Package documents reads files that hold text in rows, and files that are compressed.
//
// # Formats
//
// The name of a file tells its format, and the first bytes of its content must agree:
//
//	FILE.jsonl    one JSON object a line; also .ndjson. A field of each object is a document
//	FILE.parquet  a table. A column of strings holds a document a row
//	any other     text, one document
//
// Text and JSONL may be compressed: .gz and .zst follow the name, as in FILE.jsonl.gz. Names are compared without
// regard to case.
//
// A field or column may be nested: message.content is the field content of the object message, unless there is a
// field whose whole name is message.content.
//
// # Untrusted files
//
// A document has at most MaxRow bytes, and memory is allocated only within bounds: a line of JSONL, a page of
// Parquet and the window of zstd have largest sizes. Compressed text is read as a stream. A file that is cut off is
// an error.
package documents
