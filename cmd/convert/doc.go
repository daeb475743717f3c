// Command convert converts models from and to Hugging Face's folders:
//
//	go run ./cmd/convert -from FOLDER -out RUN        a folder with config.json becomes a run folder
//	go run ./cmd/convert -from RUN -out FOLDER        the model of a run becomes such a folder
//
// What -from is decides the direction. The output must not exist, and exists only if it is complete. Exit codes: 0
// done, 1 failed, 2 wrong usage.
package main
