// Package board serves a page that shows training runs while they train: their curves, a table of their states and
// settings, what a run folder holds, and text that a trained model generates.
//
// The server reads run folders and writes nothing. It has no tasks in the background: a request for the list of runs
// first looks at the folders, at most once a second, and reads what has been added to their files. Files are not trusted:
// bad lines are counted and shown, everything is bounded, and files are opened within the run's folder only (os.Root).
//
// The page is plain JavaScript in the folder assets, embedded in the program, and loads nothing from elsewhere.
// vendor holds uPlot, which draws the curves; fetch.sh of cmd/board fetches it.
//
// # Interface
//
//	GET  /api/runs?since=V        runs that changed since version V; all for 0
//	GET  /api/curves?ids=&curves=&x=&width=&from=&to=&smooth=&logx=
//	                              points, at most about two for each of width pixels
//	GET  /api/run?id=             what the page of a run shows
//	GET  /api/parameters?id=&checkpoint=
//	                              statistics of the weights
//	GET  /image?id=&name=         a picture in the run folder
//	POST /api/generate            text, as one JSON object a line: text, then done or error
//
// Losses are in nats per token, times in seconds, memory in MiB. A number that is not known is null.
package board
