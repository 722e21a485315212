package main

import (
	"bytes"
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// fluxOptions are those of a Flux Kustomization that shape its manifests.
type fluxOptions struct {
	TargetNamespace string            `json:"targetNamespace"`
	NamePrefix      string            `json:"namePrefix"`
	NameSuffix      string            `json:"nameSuffix"`
	Patches         []types.Patch     `json:"patches"`
	Images          []types.Image     `json:"images"`
	Components      []string          `json:"components"`
	CommonMetadata  *commonMetadata   `json:"commonMetadata"`
	Substitute      map[string]string `json:"substitute"`
	// Strict: a variable that is not set and has no default fails the build. Absent means true, as since kustomize-controller 1.9.
	Strict *bool `json:"strict"`
}

type commonMetadata struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// renderFlux does what Flux's kustomize-controller does between source and apply: generate or amend the kustomization, build,
// substitute variables per object, set common metadata.
func renderFlux(r *request, t *tree, out *output) error {
	var o fluxOptions
	if err := json.Unmarshal(r.Options, &o); err != nil {
		return fail("MANIFEST_INVALID", "the Kustomization's options are not valid").because(err)
	}
	file, data, err := kustomizationFile(t, r.Path)
	if err != nil {
		return err
	}
	k := &types.Kustomization{}
	if file != "" {
		if k, err = parseKustomization(file, data); err != nil {
			return err
		}
	} else {
		if !t.IsDir(r.Path) {
			return fail("SOURCE_PATH_NOT_FOUND", "%s is not in the repository", display(r.Path)).at(r.Path, 0)
		}
		file = path.Join(r.Path, "kustomization.yaml")
		k.FixKustomization()
		k.Resources = manifestsBelow(t, r.Path)
	}
	o.amend(k)
	if k.CheckEmpty() != nil {
		// Nothing to apply is legal; kustomize wants to see at least one field.
		k.BuildMetadata = []string{types.OriginAnnotations}
	}
	substitute, err := o.substitution()
	if err != nil {
		return err
	}
	return buildInstead(t, k, file, r.Path, out, func(res *resource.Resource, raw []byte, file string) ([]byte, error) {
		if substitute != nil && !substitutionDisabled(res) {
			if raw, err = substituted(res, raw, file, substitute); err != nil {
				return nil, err
			}
		}
		return o.CommonMetadata.onto(raw, file)
	})
}

// substituted replaces variables in an object's YAML text and reads it again, so that an unquoted number or boolean becomes one (Flux).
func substituted(res *resource.Resource, raw []byte, file string, variables func(string) (string, bool)) ([]byte, error) {
	failed := func(err error) error {
		return fail("RENDER_SUBSTITUTE", "variables of %s %s cannot be substituted", res.GetKind(), res.GetName()).at(file, 0).because(err)
	}
	text, err := yaml.JSONToYAML(raw)
	if err != nil {
		return nil, failed(err)
	}
	replaced, err := envsubst.Eval(string(text), variables)
	if err != nil {
		return nil, failed(err)
	}
	out, f := toJSON(document{text: []byte(replaced), line: 1}, file)
	if f != nil {
		f.Line = 0
		return nil, f
	}
	return out, nil
}

// manifestsBelow lists what a generated kustomization refers to: each YAML file, and each folder that has a kustomization of its own.
func manifestsBelow(t *tree, root string) []string {
	var found []string
	var visit func(dir string)
	visit = func(dir string) {
		for _, name := range t.list(dir) {
			p := path.Join(dir, name)
			if ignoredByFlux(name) {
				continue
			}
			relative := strings.TrimPrefix(strings.TrimPrefix(clean(p), clean(root)), "/")
			if t.IsDir(p) {
				if file, _, err := kustomizationFile(t, p); file != "" || err != nil {
					found = append(found, relative)
				} else {
					visit(p)
				}
				continue
			}
			if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" {
				found = append(found, relative)
			}
		}
	}
	visit(root)
	return found
}

// ignoredByFlux: source-controller's default exclusions that could otherwise be taken for manifests.
func ignoredByFlux(name string) bool {
	switch name {
	case ".git", ".github", ".circleci", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
		"codeship-services.yml", "codeship-steps.yml", ".goreleaser.yml", ".sops.yaml", ".flux.yaml":
		return true
	}
	return false
}

// amend lays the options over the kustomization: names overwrite, patches and components are appended, images merge by name.
func (o *fluxOptions) amend(k *types.Kustomization) {
	if o.TargetNamespace != "" {
		k.Namespace = o.TargetNamespace
	}
	if o.NamePrefix != "" {
		k.NamePrefix = o.NamePrefix
	}
	if o.NameSuffix != "" {
		k.NameSuffix = o.NameSuffix
	}
	k.Patches = append(k.Patches, o.Patches...)
	k.Components = append(k.Components, o.Components...)
	for _, image := range o.Images {
		k.Images = mergeImage(k.Images, image)
	}
}

var variableName = regexp.MustCompile(`^[_a-zA-Z][_a-zA-Z0-9]*$`)

// substitution is nil when there is nothing to substitute: then even defaults in the text stay as they are written.
func (o *fluxOptions) substitution() (func(string) (string, bool), error) {
	if len(o.Substitute) == 0 {
		return nil, nil
	}
	values := make(map[string]string, len(o.Substitute))
	for name, value := range o.Substitute {
		if !variableName.MatchString(name) {
			return nil, fail("RENDER_SUBSTITUTE", "%q is not a variable name: letters, digits and underscores, not starting with a digit", name)
		}
		values[name] = strings.ReplaceAll(value, "\n", "")
	}
	strict := o.Strict == nil || *o.Strict
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok || !strict
	}, nil
}

func substitutionDisabled(res *resource.Resource) bool {
	const key = "kustomize.toolkit.fluxcd.io/substitute"
	return res.GetLabels()[key] == "disabled" || res.GetAnnotations()[key] == "disabled"
}

// onto sets the common labels and annotations on an object; they win over its own.
func (c *commonMetadata) onto(raw []byte, file string) ([]byte, error) {
	if c == nil || len(c.Labels)+len(c.Annotations) == 0 {
		return raw, nil
	}
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return nil, fail("MANIFEST_INVALID", "a manifest must be a mapping with apiVersion and kind").at(file, 0)
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		object["metadata"] = metadata
	}
	for field, values := range map[string]map[string]string{"labels": c.Labels, "annotations": c.Annotations} {
		if len(values) == 0 {
			continue
		}
		existing, _ := metadata[field].(map[string]any)
		if existing == nil {
			existing = map[string]any{}
		}
		for key, value := range values {
			existing[key] = value
		}
		metadata[field] = existing
	}
	out, err := json.Marshal(object)
	if err != nil {
		return nil, fail("RENDER_KUSTOMIZE", "an object cannot be written").at(file, 0).because(err)
	}
	return out, nil
}
