package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"
)

// schemaUse guards kustomize's process-wide OpenAPI schema. Ordinary builds only read it and run side by side; a build whose
// kustomizations bring their own schema replaces it and runs alone.
var schemaUse sync.RWMutex

// renderKustomize builds the kustomization in the request's folder with the application's overrides laid over it.
func renderKustomize(r *request, t *tree, out *output) error {
	var options struct {
		Overrides json.RawMessage `json:"overrides"`
	}
	if err := json.Unmarshal(r.Options, &options); err != nil {
		return fail("MANIFEST_INVALID", "the kustomize options are not valid").because(err)
	}
	file, data, err := kustomizationFile(t, r.Path)
	if err != nil {
		return err
	}
	if file == "" {
		return fail("SOURCE_PATH_NOT_FOUND", "there is no kustomization file in %s", display(r.Path)).at(r.Path, 0)
	}
	if len(options.Overrides) > 0 && string(options.Overrides) != "{}" && string(options.Overrides) != "null" {
		k, err := parseKustomization(file, data)
		if err != nil {
			return err
		}
		isDir := func(component string) bool { return t.IsDir(path.Join(r.Path, component)) }
		if err := layOver(k, options.Overrides, isDir); err != nil {
			return err
		}
		return buildInstead(t, k, file, r.Path, out, nil)
	}
	return build(t, r.Path, out, nil)
}

// kustomizationFile finds the one kustomization file of a folder; "" when there is none.
func kustomizationFile(t *tree, dir string) (string, []byte, error) {
	var file string
	var content []byte
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		p := path.Join(dir, name)
		data, ok := t.read(p)
		if !ok {
			continue
		}
		if file != "" {
			return "", nil, fail("RENDER_KUSTOMIZE", "there are two kustomization files: %s and %s", file, p).at(p, 0)
		}
		file, content = p, data
	}
	return file, content, nil
}

// change may rewrite the JSON of a built resource.
type change func(res *resource.Resource, raw []byte, file string) ([]byte, error)

// buildInstead builds with a kustomization that stands in for the file it came from.
func buildInstead(t *tree, k *types.Kustomization, file, dir string, out *output, change change) error {
	text, err := yaml.Marshal(k)
	if err != nil {
		return fail("RENDER_KUSTOMIZE", "the kustomization cannot be written").at(file, 0).because(err)
	}
	t.generate(file, text)
	return build(t, dir, out, change)
}

// build runs kustomize on the kustomization of a folder and hands the resources over with the files that they come from.
func build(t *tree, dir string, out *output, change change) error {
	visited, err := checkKustomizations(t, dir)
	if err != nil {
		return err
	}
	if visited.ownSchema {
		schemaUse.Lock()
		openapi.ResetOpenAPI()
		defer func() {
			openapi.ResetOpenAPI()
			openapi.Schema()
			schemaUse.Unlock()
		}()
	} else {
		schemaUse.RLock()
		defer schemaUse.RUnlock()
	}
	if !visited.ownSchema && shortcuts != shortcutsOff {
		if m, ok := t.shortcut(dir); ok {
			return emit(m, visited, out, change)
		}
	}
	if shortcuts == shortcutsOnly {
		return fail("INTERNAL", "there is no shortcut for this kustomization").at(visited.root, 0)
	}
	options := krusty.MakeDefaultOptions()
	// As `kustomize build` orders: the kustomization's own sortOptions, else kinds first.
	options.Reorder = krusty.ReorderOptionUnspecified
	// Everything that may be read is in the tree, so the tree is the restriction.
	options.LoadRestrictions = types.LoadRestrictionsNone
	m, err := krusty.MakeKustomizer(options).Run(t, path.Join("/", dir))
	if err != nil {
		return kustomizeFailure(err, t, visited.root)
	}
	return emit(m, visited, out, change)
}

// visit is what a build goes through.
type visit struct {
	// root is the kustomization that the build starts from.
	root string
	// resources are the plain files that the kustomizations name as resources.
	resources []resourceFile
	ownSchema bool
}

type resourceFile struct {
	path string
	blob *blob
}

// checkKustomizations walks every kustomization that the build will visit and refuses remote locations and plugins before kustomize
// could act on one; files that it will read are checked for alias bombs.
func checkKustomizations(t *tree, root string) (*visit, error) {
	visited := &visit{}
	seen := map[string]bool{}
	var walk func(dir string) error
	walk = func(dir string) error {
		if seen[dir] {
			return nil
		}
		seen[dir] = true
		file, data, err := kustomizationFile(t, dir)
		if err != nil || file == "" {
			return err
		}
		info, err := t.kustomizationInfo(file, data)
		if err != nil {
			return err
		}
		if visited.root == "" {
			if visited.root = file; info.empty {
				return fail("RENDER_KUSTOMIZE", "the kustomization is empty").at(file, 0)
			}
		}
		visited.ownSchema = visited.ownSchema || info.ownSchema
		for _, ref := range info.refs.References {
			p, ok := within(dir, ref.Path)
			if !ok {
				return fail("SOURCE_PATH_ESCAPE", "%s names %s, which is outside the repository", ref.Field, ref.Path).at(file, 0)
			}
			switch {
			case t.isFile(p):
				if err := visited.take(ref.Field, p, t.files[clean(p)]); err != nil {
					return err
				}
			case t.IsDir(p):
				if err := walk(p); err != nil {
					return err
				}
			case !ref.Optional:
				if f := t.linkFailure(); f != nil {
					return f
				}
				return fail("SOURCE_PATH_NOT_FOUND", "%s names %s, which is not in the repository", ref.Field, ref.Path).at(file, 0)
			}
		}
		return nil
	}
	return visited, walk(root)
}

func (v *visit) take(field, p string, b *blob) error {
	if b == nil {
		return nil
	}
	if f := b.bombFailure(p); f != nil {
		return f
	}
	switch field {
	case "generators", "transformers", "validators":
		return refusePlugins(field, p, string(b.data))
	case "resources":
		v.resources = append(v.resources, resourceFile{path: p, blob: b})
	}
	return nil
}

// kustomizationInfo reads a kustomization; one that comes from the repository is remembered with its content.
func (t *tree) kustomizationInfo(file string, data []byte) (kustomizationInfo, error) {
	p := clean(file)
	if _, generated := t.overlay[p]; !generated {
		info, f := t.files[p].kustomization(file)
		if f != nil {
			return info, f
		}
		return info, nil
	}
	k, err := parseKustomization(file, data)
	if err != nil {
		return kustomizationInfo{}, err
	}
	info, err := infoOf(k, file)
	info.empty = false // what stands in for a file has something to say, be it that there is nothing
	return info, err
}

// emit hands the built resources over, with the files they come from.
func emit(m resmap.ResMap, visited *visit, out *output, change change) error {
	for _, res := range m.Resources() {
		file, line := visited.originOf(res)
		raw, err := resourceJSON(res)
		if err != nil {
			return fail("RENDER_KUSTOMIZE", "%s %s cannot be written", res.GetKind(), res.GetName()).at(file, line).because(err)
		}
		if change != nil {
			if raw, err = change(res, raw, file); err != nil {
				return err
			}
		}
		if f := checkJSON(raw); f != nil {
			return f.at(file, line)
		}
		if f := out.add(file, line, raw); f != nil {
			return f
		}
	}
	return nil
}

var quotedFile = regexp.MustCompile(`'([^'\s]+\.(?:ya?ml|json|env|properties|txt))'`)

// kustomizeFailure types what kustomize says. Broken YAML in one of the inputs explains most failures: then file and line are exact.
func kustomizeFailure(err error, t *tree, file string) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "plugins disabled") || strings.Contains(text, "unable to load builtin"):
		return fail("RENDER_PLUGIN_REFUSED", "only kustomize's built-in generators and transformers run").at(file, 0).because(err)
	case strings.Contains(text, "git fetch") || strings.Contains(text, "executable file not found") || strings.Contains(text, "dial tcp"):
		return fail("RENDER_REMOTE_REFUSED", "the kustomization names a remote location").at(file, 0).because(err)
	}
	if f := brokenInput(t, func(p string) bool { return path.Ext(p) == ".yaml" || path.Ext(p) == ".yml" }); f != nil {
		return f
	}
	f := fail("RENDER_KUSTOMIZE", "kustomize cannot build this").because(err)
	for _, m := range quotedFile.FindAllStringSubmatch(text, -1) {
		for candidate := path.Dir(file); ; candidate = path.Dir(candidate) {
			if p := path.Join(candidate, m[1]); t.isFile(p) {
				return f.at(strings.TrimPrefix(clean(p), "/"), 0)
			}
			if candidate == "." || candidate == "/" {
				break
			}
		}
	}
	return f.at(file, 0)
}

// brokenInput finds the first input, by path, that should be YAML and does not parse.
func brokenInput(t *tree, isYAML func(p string) bool) *failure {
	paths := make([]string, 0, len(t.files))
	for p := range t.files {
		if isYAML(p) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	for _, p := range paths {
		if bytes.IndexByte(t.files[p].data, 0) >= 0 {
			continue
		}
		for _, doc := range splitYAML(t.files[p].data) {
			if _, err := yaml.YAMLToJSON(doc.text); err != nil {
				return yamlFailure(err, strings.TrimPrefix(p, "/"), doc.offset)
			}
		}
	}
	return nil
}

func display(dir string) string {
	if dir == "" || dir == "." {
		return "the root of the repository"
	}
	return dir
}
