// Package labeled reads texts with labels, for classification.
//
// # Formats
//
//	DIR/LABEL/...  a folder of classes: every file below a subfolder is a text with the subfolder's name as its
//	               label; files and folders whose names start with a dot are left out
//	FILE.jsonl     one JSON object a line with a text and a label; also .ndjson
//	FILE.csv       a table with a header; also .tsv, with tabs between the columns. A text may have line ends in
//	               quotes
//
// Files of rows may be compressed, as in FILE.jsonl.gz and FILE.csv.zst.
//
// A label of JSON is a text, a number, true or false. Every label is UTF-8 text of 1 to 1,024 bytes without spaces
// around it. Fields may be nested, as in package documents, and its rules of what is text are those here.
//
// # Untrusted files
//
// Files are not trusted. A row has at most documents.MaxRow bytes, of a text the first megabyte is read, and memory is
// allocated only for bytes that the file really has. An error names the file and the line.
package labeled
