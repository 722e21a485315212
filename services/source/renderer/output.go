package main

import (
	"bytes"
	"encoding/json"
)

// limits of one render, from the request; zero means the default.
type limits struct {
	MaxObjects     int `json:"maxObjects"`
	MaxOutputBytes int `json:"maxOutputBytes"`
	MaxInputBytes  int `json:"maxInputBytes"`
}

const (
	defaultMaxObjects     = 10_000
	defaultMaxOutputBytes = 16 << 20
	defaultMaxInputBytes  = 32 << 20
)

// inputFailure refuses a render whose files are larger together than the limit.
func (l limits) inputFailure(inputs map[string]*blob) *failure {
	limit, sum := l.MaxInputBytes, 0
	if limit <= 0 {
		limit = defaultMaxInputBytes
	}
	for _, b := range inputs {
		sum += len(b.data)
	}
	if sum > limit {
		return fail("SOURCE_LIMIT", "the files of the application are larger together than %d MiB (maxInputBytes)", limit>>20)
	}
	return nil
}

// object is one rendered manifest and where it comes from.
type object struct {
	Path     string          `json:"path"`
	Line     int             `json:"line,omitempty"`
	Manifest json.RawMessage `json:"manifest"`
}

// output collects manifests within the limits.
type output struct {
	limits  limits
	objects []object
	bytes   int
}

func newOutput(l limits) *output {
	if l.MaxObjects <= 0 {
		l.MaxObjects = defaultMaxObjects
	}
	if l.MaxOutputBytes <= 0 {
		l.MaxOutputBytes = defaultMaxOutputBytes
	}
	return &output{limits: l, objects: []object{}}
}

// head is what every manifest must say about itself.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// add takes one JSON document: a manifest, or a List whose items are taken one by one (as kubectl does).
func (o *output) add(file string, line int, raw []byte) *failure {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "{}" {
		return nil
	}
	var h head
	if raw[0] != '{' {
		return fail("MANIFEST_INVALID", "a manifest must be a mapping with apiVersion and kind").at(file, line)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return fail("MANIFEST_INVALID", "apiVersion, kind and metadata.name must be text").at(file, line)
	}
	if h.APIVersion == "" || h.Kind == "" {
		return fail("MANIFEST_INVALID", "a manifest needs apiVersion and kind").at(file, line)
	}
	if h.Items != nil && len(h.Kind) >= 4 && h.Kind[len(h.Kind)-4:] == "List" {
		for _, item := range h.Items {
			if f := o.add(file, line, item); f != nil {
				return f
			}
		}
		return nil
	}
	if h.Metadata.Name == "" && h.Metadata.GenerateName == "" {
		return fail("MANIFEST_INVALID", "%s needs metadata.name", h.Kind).at(file, line)
	}
	o.bytes += len(raw)
	if o.bytes > o.limits.MaxOutputBytes {
		return fail("SOURCE_LIMIT", "the rendered manifests are larger than %d MiB (maxOutputBytes)", o.limits.MaxOutputBytes>>20).at(file, line)
	}
	if len(o.objects) >= o.limits.MaxObjects {
		return fail("SOURCE_LIMIT", "there are more than %d rendered objects (maxObjects)", o.limits.MaxObjects).at(file, line)
	}
	o.objects = append(o.objects, object{Path: file, Line: line, Manifest: raw})
	return nil
}

// addYAML takes every document of a YAML stream. Lines are reported only when the text is the file itself.
func (o *output) addYAML(file string, data []byte, isFile bool) *failure {
	for _, doc := range splitYAML(data) {
		raw, f := toJSON(doc, file)
		line := doc.line
		if !isFile {
			line = 0
		}
		if f != nil {
			if !isFile {
				f.Line = 0
			}
			return f
		}
		if f := o.add(file, line, raw); f != nil {
			return f
		}
	}
	return nil
}
