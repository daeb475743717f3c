package main

import (
	"fmt"
	"html/template"
	"io"

	"goomtrain/internal/atomicfile"
)

// page is one self-contained page. The template escapes all texts.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Credit of {{.Class}}</title>
<style>
body { font: 16px/1.7 system-ui, sans-serif; color: #111; background: #fff; max-width: 46em; margin: 2em auto; padding: 0 1em }
p.text { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace }
td { padding-right: 1.5em }
</style>
</head>
<body>
<h1>Credit of {{.Class}}</h1>
<p class="text">{{range .Marks}}<span style="background:{{.Color}}" title="{{.Credit}}">{{.Text}}</span>{{end}}</p>
<p>The class uses what is blue and ignores what is red. The number of a character is its credit in standard deviations.</p>
<table>{{range .Classes}}<tr><td>{{.Name}}</td><td>{{.Share}}</td></tr>
{{end}}</table>
</body>
</html>
`))

type pageMark struct {
	Text, Credit string
	Color        template.CSS // made of numbers alone
}

type pageClass struct{ Name, Share string }

// writeHTML writes the page atomically.
func writeHTML(path string, r result, marks []mark) error {
	var content struct {
		Class   string
		Marks   []pageMark
		Classes []pageClass
	}
	content.Class = r.name(r.class)
	largest := largestCredit(marks)
	for _, m := range marks {
		red, green, blue := shade(m.credit / largest)
		content.Marks = append(content.Marks, pageMark{m.text, fmt.Sprintf("%+.2f", m.credit), template.CSS(fmt.Sprintf("rgb(%d,%d,%d)", red, green, blue))})
	}
	for class, p := range r.Probabilities {
		content.Classes = append(content.Classes, pageClass{r.name(class), fmt.Sprintf("%.1f%%", 100*p)})
	}
	return atomicfile.Write(path, func(w io.Writer) error { return page.Execute(w, content) })
}
