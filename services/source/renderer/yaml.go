package main

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// Bounds that hold for every document, whatever the caller's limits: deeper or more expanded YAML has no honest use in a manifest.
const (
	maxDepth         = 500
	maxExpandedBytes = 10 << 20
	maxExpandedNodes = 1_000_000
)

// document is one document of a YAML stream.
type document struct {
	text []byte
	// line is where its first content stands, offset the number of lines before its text, both in the file.
	line, offset int
}

// splitYAML cuts a stream at its document markers as kubectl does: `---` or `...` at the start of a line.
func splitYAML(data []byte) []document {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var docs []document
	var current document
	number := 0
	flush := func() {
		if current.line > 0 {
			docs = append(docs, current)
		}
	}
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			end = len(data)
		}
		raw := data[:end]
		data = data[end:]
		number++
		if rest, ok := marker(raw); ok {
			flush()
			current = document{offset: number}
			if rest == nil {
				continue
			}
			raw, current.offset = rest, number-1
		}
		if current.line == 0 {
			if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] != '#' {
				current.line = number
			}
		}
		current.text = append(current.text, raw...)
	}
	flush()
	return docs
}

// marker tells whether a line separates documents; what follows `---` on the same line belongs to the next document.
func marker(raw []byte) (rest []byte, ok bool) {
	if len(raw) < 3 || (string(raw[:3]) != "---" && string(raw[:3]) != "...") {
		return nil, false
	}
	tail := raw[3:]
	trimmed := bytes.TrimSpace(tail)
	if len(trimmed) == 0 {
		return nil, true
	}
	if tail[0] != ' ' && tail[0] != '\t' {
		return nil, false
	}
	if trimmed[0] == '#' || raw[0] == '.' {
		return nil, true
	}
	return append([]byte("   "), tail...), true
}

var lineInMessage = regexp.MustCompile(`line (\d+)`)

// yamlFailure types an error of the YAML library and finds the line in the file.
func yamlFailure(err error, file string, offset int) *failure {
	text := err.Error()
	code := "YAML_SYNTAX"
	message := "this is not valid YAML"
	if strings.Contains(text, "exceeded max depth") || strings.Contains(text, "excessive aliasing") {
		code, message = "YAML_LIMIT", "the document is nested or aliased beyond the limit"
	}
	line := 0
	if m := lineInMessage.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n + offset
		}
	}
	// "cannot unmarshal !!str `value` into int" quotes the value; the rest of these messages does not.
	return fail(code, "%s", message).at(file, line).because(errorWithout(text, "`"))
}

// toJSON converts one document with kubectl's reading of YAML (1.1 scalars, last duplicate key wins) and checks what comes out.
func toJSON(doc document, file string) ([]byte, *failure) {
	if f := expansionFailure(doc.text, file); f != nil {
		return nil, f
	}
	raw, err := yaml.YAMLToJSON(doc.text)
	if err != nil {
		return nil, yamlFailure(err, file, doc.offset)
	}
	if f := checkJSON(raw); f != nil {
		return nil, f.at(file, doc.line)
	}
	return raw, nil
}

// checkJSON refuses what a reader in JavaScript could not carry exactly: very deep nesting and integers beyond 2^53-1.
func checkJSON(raw []byte) *failure {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fail("YAML_LIMIT", "the document is nested deeper than %d levels", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c >= '0' && c <= '9':
			start, whole := i, true
			for ; i < len(raw) && (raw[i] >= '0' && raw[i] <= '9' || raw[i] == '.' || raw[i] == 'e' || raw[i] == 'E' || raw[i] == '+' || raw[i] == '-'); i++ {
				if raw[i] < '0' {
					whole = false
				} else if raw[i] > '9' {
					whole = false
				}
			}
			if whole && i-start >= 16 {
				if n, err := strconv.ParseUint(string(raw[start:i]), 10, 64); err != nil || n > 1<<53-1 {
					return fail("MANIFEST_UNSUPPORTED", "a number is beyond 2^53-1 and cannot be carried exactly; quote it if it is text")
				}
			}
			i--
		}
	}
	return nil
}

// expansionFailure refuses YAML whose aliases would expand beyond the limit ("billion laughs"), without expanding them.
func expansionFailure(text []byte, file string) *failure {
	if !mayAlias(text) {
		return nil
	}
	for _, doc := range splitYAML(text) {
		var root goyaml.Node
		if err := goyaml.Unmarshal(doc.text, &root); err != nil {
			continue // not YAML, or broken YAML: whoever reads it says so
		}
		m := expansion{seen: map[*goyaml.Node]weight{}}
		if w := m.of(&root); w.bytes > maxExpandedBytes || w.nodes > maxExpandedNodes {
			return fail("YAML_LIMIT", "aliases expand the document beyond %d MiB", maxExpandedBytes>>20).at(file, doc.line)
		}
	}
	return nil
}

// mayAlias is a cheap test that nearly every manifest fails: an alias needs both an anchor and a reference to it.
func mayAlias(text []byte) bool {
	return bytes.IndexByte(text, '&') >= 0 && bytes.IndexByte(text, '*') >= 0
}

type weight struct{ bytes, nodes int }

// expansion weighs nodes as if every alias were replaced by what it names, each shared node weighed once.
type expansion struct{ seen map[*goyaml.Node]weight }

func (e expansion) of(n *goyaml.Node) weight {
	if w, ok := e.seen[n]; ok {
		return w
	}
	// A node that contains itself weighs more than any limit.
	e.seen[n] = weight{maxExpandedBytes + 1, maxExpandedNodes + 1}
	w := weight{len(n.Value) + 2, 1}
	add := func(c weight) {
		w.bytes = min(w.bytes+c.bytes, maxExpandedBytes+1)
		w.nodes = min(w.nodes+c.nodes, maxExpandedNodes+1)
	}
	if n.Kind == goyaml.AliasNode {
		add(e.of(n.Alias))
	}
	for _, c := range n.Content {
		add(e.of(c))
	}
	e.seen[n] = w
	return w
}

// bombFailure is expansionFailure remembered with the file's content.
func (b *blob) bombFailure(file string) *failure {
	b.checked.Do(func() { b.bomb = expansionFailure(b.data, "") })
	if b.bomb == nil {
		return nil
	}
	f := *b.bomb
	return f.at(file, 0)
}
