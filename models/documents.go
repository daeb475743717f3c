package models

import (
	"fmt"
	"strconv"
)

// noStart stands for the token that begins a document where documents are not told apart.
const noStart = -1

// documentStart returns the token at which everything starts anew, noStart if there is none.
func (c *Common) documentStart() (int32, error) {
	if c.DocumentStart == "" {
		return noStart, nil
	}
	if !c.ResetDocuments {
		return noStart, fmt.Errorf("-document-start %s: only -reset-documents reads it: leave it out", c.DocumentStart)
	}
	token, err := strconv.Atoi(c.DocumentStart)
	if err != nil || token < 0 || token >= largestVocab {
		return noStart, fmt.Errorf("-document-start %q: must be a token, a whole number from 0 on", c.DocumentStart)
	}
	if c.Vocab > 0 && token >= c.Vocab {
		return noStart, fmt.Errorf("-document-start %d: the vocabulary is 0 to %d", token, c.Vocab-1)
	}
	return int32(token), nil
}

// FitDocuments sets the token that begins a document to the separator of the data, if documents are to be reset and the
// token is not set. It changes nothing otherwise.
func (c Config) FitDocuments(separator int32) {
	if common := c.Common(); common != nil && common.ResetDocuments && common.DocumentStart == "" {
		common.DocumentStart = strconv.Itoa(int(separator))
	}
}

// markDocuments sets reset to 1 where an input is the token that begins a document, and to 0 elsewhere.
func markDocuments(reset, inputs []int32, start int32) {
	for i, token := range inputs {
		if reset[i] = 0; token == start {
			reset[i] = 1
		}
	}
}
