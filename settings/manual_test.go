package settings

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestManual: the page has the options by group, and nothing of a text is taken for roff.
func TestManual(t *testing.T) {
	var page bytes.Buffer
	m := Manual{Program: "train", About: "train a model", Usage: "[flags]", Text: "One.\n\n'two' is\n.no request.\n"}
	if err := completed().Manual(&page, m); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH TRAIN 1\n.SH NAME\ntrain \\- train a model\n",
		".SH DESCRIPTION\nOne.\n.PP\n\\&'two' is .no request.\n.SH OPTIONS\n.SS Model\n.TP\n.B \\-model \\fIname\\fR\na model: [its] `name`: goom\\-rnn, gla\n",
		".SS Data\n.TP\n.B \\-data \\fItext\\fR\nthe user's \"$HOME\" \\e file\n",
		"\n\\&.TH is no request .SH either\n",
		".B \\-d\\-emb \\fInumber\\fR\ndimension (0)\n",
		".B \\-seq \\fInumber or range\\fR\n",
		".B \\-curriculum\nbegin with short sequences\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip(err)
	}
	lint := exec.Command("mandoc", "-T", "lint", "-W", "warning")
	lint.Stdin = &page
	out, _ := lint.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "missing date") && !strings.Contains(line, "lower case character in document title") {
			t.Error(line)
		}
	}
}
