package main

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/google/go-jsonnet"
)

type directoryOptions struct {
	Jsonnet struct {
		ExtVars []jsonnetVariable `json:"extVars"`
		TLAs    []jsonnetVariable `json:"tlas"`
		Libs    []string          `json:"libs"`
	} `json:"jsonnet"`
	// Manifests are the files of the folder to read, in order; the other files of the request are what jsonnet may import.
	Manifests []string `json:"manifests"`
}

type jsonnetVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Code  bool   `json:"code"`
}

// skipMarker in a file tells Argo CD, and so Fairlead, to leave it alone.
var skipMarker = []byte("+argocd:skip-file-rendering")

// renderDirectory reads plain YAML, JSON and jsonnet files.
func renderDirectory(r *request, t *tree, out *output) error {
	var o directoryOptions
	if err := json.Unmarshal(r.Options, &o); err != nil {
		return fail("MANIFEST_INVALID", "the directory options are not valid").because(err)
	}
	for _, file := range o.Manifests {
		data, ok := t.read(file)
		if !ok {
			if f := t.linkFailure(); f != nil {
				return f
			}
			return fail("SOURCE_PATH_NOT_FOUND", "%s is not in the repository", file).at(file, 0)
		}
		if bytes.Contains(data, skipMarker) {
			continue
		}
		if path.Ext(file) == ".jsonnet" {
			if err := o.evaluate(t, file, out); err != nil {
				return err
			}
			continue
		}
		if f := out.addYAML(file, data, true); f != nil {
			return f
		}
	}
	return nil
}

// evaluate runs one jsonnet file: an object is a manifest, an array a list of them.
func (o *directoryOptions) evaluate(t *tree, file string, out *output) error {
	vm := jsonnet.MakeVM()
	vm.MaxStack = 500
	vm.Importer(&treeImporter{tree: t, libs: o.Jsonnet.Libs, cache: map[string]jsonnet.Contents{}})
	for _, v := range o.Jsonnet.ExtVars {
		if v.Code {
			vm.ExtCode(v.Name, v.Value)
		} else {
			vm.ExtVar(v.Name, v.Value)
		}
	}
	for _, v := range o.Jsonnet.TLAs {
		if v.Code {
			vm.TLACode(v.Name, v.Value)
		} else {
			vm.TLAVar(v.Name, v.Value)
		}
	}
	text, err := vm.EvaluateFile(file)
	if err != nil {
		return fail("RENDER_JSONNET", "the jsonnet file cannot be evaluated").at(file, 0).because(err)
	}
	raw := []byte(text)
	if f := checkJSON(raw); f != nil {
		return f.at(file, 0)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, item := range list {
		if f := out.add(file, 0, item); f != nil {
			return f
		}
	}
	return nil
}

// treeImporter resolves imports next to the importing file, then in the library folders; never outside the repository.
type treeImporter struct {
	tree  *tree
	libs  []string
	cache map[string]jsonnet.Contents
}

func (i *treeImporter) Import(importedFrom, importedPath string) (jsonnet.Contents, string, error) {
	folders := append([]string{path.Dir(importedFrom)}, i.libs...)
	escaped := false
	for _, folder := range folders {
		p, ok := within(strings.TrimPrefix(folder, "/"), importedPath)
		if !ok {
			escaped = true
			continue
		}
		if c, ok := i.cache[p]; ok {
			return c, p, nil
		}
		if data, ok := i.tree.read(p); ok {
			c := jsonnet.MakeContentsRaw(data)
			i.cache[p] = c
			return c, p, nil
		}
	}
	if escaped {
		return jsonnet.Contents{}, "", fail("SOURCE_PATH_ESCAPE", "import of %s leaves the repository", importedPath).at(importedFrom, 0)
	}
	return jsonnet.Contents{}, "", fail("SOURCE_PATH_NOT_FOUND", "import of %s finds nothing in the repository", importedPath).at(importedFrom, 0)
}
