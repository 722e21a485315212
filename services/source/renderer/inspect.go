package main

import (
	"path"
	"regexp"
	"strings"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
	"github.com/google/go-jsonnet/toolutils"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// references are the inputs that one file names, as written in it.
type references struct {
	References []reference `json:"references"`
	// Whole: what else it reads cannot be told from the file, so everything in its folder counts as input.
	Whole bool `json:"whole,omitempty"`
}

type reference struct {
	// Field is the kustomization field (or "import") that names the path.
	Field string `json:"field"`
	Path  string `json:"path"`
	// Optional: the text may also be an inline patch or plugin, so nothing has to be there.
	Optional bool `json:"optional,omitempty"`
}

// inspect finds what a kustomization or jsonnet file refers to, with the libraries that will read it, and refuses remote and plugin
// constructs by name.
func inspect(kind, file string, b *blob) (*references, error) {
	if f := b.bombFailure(file); f != nil {
		return nil, f
	}
	switch kind {
	case "kustomization":
		info, f := b.kustomization(file)
		if f != nil {
			return nil, f
		}
		return info.refs, nil
	case "jsonnet":
		return jsonnetReferences(file, b.data)
	}
	return nil, fail("INTERNAL", "unknown kind of file %q", kind)
}

// kustomizationInfo is what has to be known of a kustomization before it is built.
type kustomizationInfo struct {
	refs      *references
	ownSchema bool
	empty     bool
	// plain is the kustomization when there is a shortcut for it; never changed.
	plain   *types.Kustomization
	failure *failure
}

// kustomization reads what the file refers to, once per content.
func (b *blob) kustomization(file string) (kustomizationInfo, *failure) {
	b.read.Do(func() {
		k, err := parseKustomization("", b.data)
		if err == nil {
			b.info, err = infoOf(k, "")
		}
		if err != nil {
			b.info.failure = asFailure(err, "RENDER_KUSTOMIZE", "the kustomization is not valid")
		}
	})
	if b.info.failure != nil {
		f := *b.info.failure
		f.File = file
		return b.info, &f
	}
	return b.info, nil
}

func infoOf(k *types.Kustomization, file string) (kustomizationInfo, error) {
	refs, err := kustomizationReferences(k, file)
	info := kustomizationInfo{refs: refs, ownSchema: len(k.OpenAPI) > 0, empty: k.CheckEmpty() != nil}
	if err == nil && !refs.Whole && isPlain(k) {
		info.plain = k
	}
	return info, err
}

// parseKustomization reads a kustomization as kustomize does, with the legacy spellings moved to their present fields.
func parseKustomization(file string, data []byte) (*types.Kustomization, error) {
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		if _, yamlErr := yaml.YAMLToJSON(data); yamlErr != nil {
			return nil, yamlFailure(yamlErr, file, 0)
		}
		return nil, fail("RENDER_KUSTOMIZE", "the kustomization is not valid").at(file, 0).because(err)
	}
	k.FixKustomization()
	return &k, nil
}

func kustomizationReferences(k *types.Kustomization, file string) (*references, error) {
	out := &references{References: []reference{}}
	add := func(field string, optional bool, paths ...string) error {
		for _, p := range paths {
			if p == "" {
				continue
			}
			if isRemote(p) {
				return fail("RENDER_REMOTE_REFUSED", "%s names the remote location %s", field, withoutUserInfo(p)).at(file, 0)
			}
			out.References = append(out.References, reference{Field: field, Path: p, Optional: optional})
		}
		return nil
	}
	if len(k.HelmCharts) > 0 || k.HelmGlobals != nil {
		return nil, fail("RENDER_PLUGIN_REFUSED", "helmCharts would download and run Helm inside kustomize; use a Helm application").at(file, 0)
	}
	var failed error
	try := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	try(add("resources", false, k.Resources...))
	try(add("components", false, k.Components...))
	try(add("crds", false, k.Crds...))
	try(add("configurations", false, k.Configurations...))
	if p, ok := k.OpenAPI["path"]; ok {
		try(add("openapi.path", false, p))
	}
	for _, p := range k.Patches {
		try(add("patches.path", false, p.Path))
	}
	for _, p := range k.PatchesJson6902 {
		try(add("patchesJson6902.path", false, p.Path))
	}
	for _, p := range k.PatchesStrategicMerge {
		if !isInline(string(p)) {
			try(add("patchesStrategicMerge", true, string(p)))
		}
	}
	for _, r := range k.Replacements {
		try(add("replacements.path", false, r.Path))
	}
	for _, g := range k.ConfigMapGenerator {
		try(addSources("configMapGenerator", g.KvPairSources, add))
	}
	for _, g := range k.SecretGenerator {
		try(addSources("secretGenerator", g.KvPairSources, add))
	}
	plugins := func(field string, entries []string) {
		for _, e := range entries {
			// A built-in plugin's own configuration can name more files.
			out.Whole = true
			if isInline(e) {
				try(refusePlugins(field, file, e))
			} else {
				try(add(field, true, e))
			}
		}
	}
	plugins("generators", k.Generators)
	plugins("transformers", k.Transformers)
	plugins("validators", k.Validators)
	if failed != nil {
		return nil, failed
	}
	return out, nil
}

func addSources(field string, s types.KvPairSources, add func(string, bool, ...string) error) error {
	for _, f := range s.FileSources {
		if _, p, ok := strings.Cut(f, "="); ok {
			f = p
		}
		if err := add(field+".files", false, f); err != nil {
			return err
		}
	}
	return add(field+".envs", false, append(append([]string{}, s.EnvSources...), s.EnvSource)...)
}

// isInline tells a document written into a list of paths.
func isInline(s string) bool {
	return strings.Contains(s, "\n") || strings.HasPrefix(strings.TrimSpace(s), "{")
}

// refusePlugins lets only kustomize's own generators and transformers pass; programs and containers are named in the refusal.
func refusePlugins(field, file, text string) error {
	for _, doc := range splitYAML([]byte(text)) {
		var h struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(doc.text, &h); err != nil {
			return yamlFailure(err, file, 0)
		}
		if h.APIVersion != konfig.BuiltinPluginApiVersion {
			return fail("RENDER_PLUGIN_REFUSED", "%s uses the plugin %s %s; only kustomize's built-in ones run", field, h.APIVersion, h.Kind).at(file, 0)
		}
	}
	return nil
}

var remoteShape = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*://|^git::|^[\w.-]+@[\w.-]+:|^(www\.)?github\.com[:/]|^gh:|\?(ref|version)=`)

// isRemote recognises every shape that kustomize would fetch over the network.
func isRemote(p string) bool { return remoteShape.MatchString(p) }

func withoutUserInfo(p string) string { return userInfo.ReplaceAllString(p, "://") }

func jsonnetReferences(file string, data []byte) (*references, error) {
	node, err := jsonnet.SnippetToAST(file, string(data))
	if err != nil {
		return nil, fail("RENDER_JSONNET", "the jsonnet file is not valid").at(file, 0).because(err)
	}
	out := &references{References: []reference{}}
	var visit func(ast.Node)
	visit = func(n ast.Node) {
		switch i := n.(type) {
		case *ast.Import:
			out.References = append(out.References, reference{Field: "import", Path: i.File.Value})
		case *ast.ImportStr:
			out.References = append(out.References, reference{Field: "importstr", Path: i.File.Value})
		case *ast.ImportBin:
			out.References = append(out.References, reference{Field: "importbin", Path: i.File.Value})
		}
		for _, c := range toolutils.Children(n) {
			visit(c)
		}
	}
	visit(node)
	return out, nil
}

// within joins a relative path to a folder and refuses one that leaves the repository.
func within(dir, p string) (string, bool) {
	if path.IsAbs(p) {
		return "", false
	}
	joined := path.Join(dir, p)
	return joined, joined != ".." && !strings.HasPrefix(joined, "../")
}
