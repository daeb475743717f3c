// Command credit shows what the decision of a classifier comes from: go run ./cmd/credit -from RUN INPUT.
//
// The run must be of -model classifier with -pool routing. INPUT is a text or the name of a text file, or for images the
// number of a test image, counted from 0. The command prints the classes with the largest probabilities and the credit
// that the score of the first, or of the class named by -class, gives to each part of the input: the product of the
// credits of all routings (arXiv 2211.11754, appendix A), in units of its standard deviation. It is positive where the
// class uses the input and negative where it ignores it.
//
// On a terminal the text is colored, blue where it is used and red where it is ignored, unless NO_COLOR is set. Elsewhere each word has a
// line with its mean credit. -html writes a page of the text, -png a picture of the image and its credit. Notes go to
// standard error. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main
