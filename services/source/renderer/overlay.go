package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// overrides are what an application may lay over a kustomization, in kustomize's own spelling. Anything else is refused by name: the
// build's behaviour is not for the declaration to change.
type overrides struct {
	NamePrefix        *string           `json:"namePrefix"`
	NameSuffix        *string           `json:"nameSuffix"`
	Namespace         *string           `json:"namespace"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	Labels            []types.Label     `json:"labels"`
	Images            []types.Image     `json:"images"`
	Replicas          []types.Replica   `json:"replicas"`
	Patches           []types.Patch     `json:"patches"`
	Components        []string          `json:"components"`
	Resources         []string          `json:"resources"`

	// Argo CD's words for how to lay over.
	IgnoreMissingComponents   bool `json:"ignoreMissingComponents"`
	CommonAnnotationsEnvsubst bool `json:"commonAnnotationsEnvsubst"`
	// An override always wins over what the file has, so there is nothing to force.
	ForceCommonLabels      bool `json:"forceCommonLabels"`
	ForceCommonAnnotations bool `json:"forceCommonAnnotations"`
	// For Helm inside kustomize, which is refused.
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
}

// layOver merges overrides into k: names overwrite, maps and lists of names merge, patches and components are appended (the order in
// which Argo CD and Flux edit the file).
func layOver(k *types.Kustomization, raw json.RawMessage, isDir func(path string) bool) error {
	var o overrides
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
			return fail("MANIFEST_UNSUPPORTED", "the kustomize override %s cannot be laid over a kustomization", name)
		}
		return fail("MANIFEST_INVALID", "the kustomize overrides are not valid").because(err)
	}
	if o.CommonAnnotationsEnvsubst {
		for key, value := range o.CommonAnnotations {
			if strings.Contains(value, "$") {
				return fail("MANIFEST_UNSUPPORTED", "commonAnnotationsEnvsubst would write the commit into annotation %s and so into every object at every commit", key)
			}
		}
	}
	set(&k.NamePrefix, o.NamePrefix)
	set(&k.NameSuffix, o.NameSuffix)
	set(&k.Namespace, o.Namespace)
	k.CommonLabels = merged(k.CommonLabels, o.CommonLabels)
	k.CommonAnnotations = merged(k.CommonAnnotations, o.CommonAnnotations)
	k.Labels = append(k.Labels, o.Labels...)
	for _, image := range o.Images {
		k.Images = mergeImage(k.Images, image)
	}
	for _, r := range o.Replicas {
		k.Replicas = mergeReplica(k.Replicas, r)
	}
	k.Patches = append(k.Patches, o.Patches...)
	for _, component := range o.Components {
		if !o.IgnoreMissingComponents || isDir(component) {
			k.Components = append(k.Components, component)
		}
	}
	k.Resources = append(k.Resources, o.Resources...)
	return nil
}

func set(field, value *string) {
	if value != nil {
		*field = *value
	}
}

func merged(base, over map[string]string) map[string]string {
	if len(over) == 0 {
		return base
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}

// mergeImage overrides an image by name, field by field; tag and digest are one unit.
func mergeImage(images []types.Image, over types.Image) []types.Image {
	for i := range images {
		if images[i].Name != over.Name {
			continue
		}
		if over.NewName != "" {
			images[i].NewName = over.NewName
		}
		if over.NewTag != "" || over.Digest != "" {
			images[i].NewTag, images[i].Digest, images[i].TagSuffix = over.NewTag, over.Digest, ""
		}
		return images
	}
	return append(images, over)
}

func mergeReplica(replicas []types.Replica, over types.Replica) []types.Replica {
	for i := range replicas {
		if replicas[i].Name == over.Name {
			replicas[i].Count = over.Count
			return replicas
		}
	}
	return append(replicas, over)
}
