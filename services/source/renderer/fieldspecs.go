package main

import (
	"sort"
	"sync"
	_ "unsafe" // go:linkname

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"
)

// kustomize's table of the fields that its transformers act on, and its order of resources, are not public; they are taken from the
// library all the same, so that there is one source for both. A library without them does not link.

//go:linkname libraryFieldSpecs sigs.k8s.io/kustomize/api/internal/konfig/builtinpluginconsts.GetDefaultFieldSpecs
func libraryFieldSpecs() []byte

//go:linkname sortResources sigs.k8s.io/kustomize/api/internal/builtins.(*SortOrderTransformerPlugin).Transform
func sortResources(p *sortOrder, m resmap.ResMap) error

// sortOrder has the shape of kustomize's SortOrderTransformerPlugin, and room for fields that it may get.
type sortOrder struct {
	options *types.SortOptions
	_       [8]uintptr
}

// fieldSpecs says which fields of which kinds the transformers act on.
type fieldSpecs struct {
	NamePrefix                types.FsSlice   `json:"namePrefix"`
	NameSuffix                types.FsSlice   `json:"nameSuffix"`
	Namespace                 types.FsSlice   `json:"namespace"`
	CommonLabels              types.FsSlice   `json:"commonLabels"`
	Labels                    types.FsSlice   `json:"labels"`
	TemplateLabels            types.FsSlice   `json:"templateLabels"`
	VolumeClaimTemplateLabels types.FsSlice   `json:"volumeClaimTemplateLabels"`
	CommonAnnotations         types.FsSlice   `json:"commonAnnotations"`
	NameReference             []nameReference `json:"nameReference"`
	VarReference              types.FsSlice   `json:"varReference"`
	Images                    types.FsSlice   `json:"images"`
	Replicas                  types.FsSlice   `json:"replicas"`
}

// nameReference: the fields that may hold the name of an object of a kind.
type nameReference struct {
	resid.Gvk `json:",inline"`
	Referrers types.FsSlice `json:"fieldSpecs"`
}

// defaultFieldSpecs is the table as kustomize uses it when no `configurations` or `crds` add to it; nil when it has a form that is not
// known here, and then krusty builds everything.
var defaultFieldSpecs = sync.OnceValue(func() *fieldSpecs {
	var specs fieldSpecs
	if err := yaml.UnmarshalStrict(libraryFieldSpecs(), &specs); err != nil {
		return nil
	}
	for _, s := range []types.FsSlice{
		specs.NamePrefix, specs.NameSuffix, specs.Namespace, specs.CommonLabels, specs.Labels, specs.TemplateLabels,
		specs.VolumeClaimTemplateLabels, specs.CommonAnnotations, specs.Images, specs.Replicas,
	} {
		sort.Sort(s)
	}
	sort.SliceStable(specs.NameReference, func(i, j int) bool {
		return specs.NameReference[i].Gvk.IsLessThan(specs.NameReference[j].Gvk)
	})
	return &specs
})

// forLabel gives the fields that one entry of `labels` is written to.
func (s *fieldSpecs) forLabel(l *types.Label) (types.FsSlice, error) {
	fields, err := types.FsSlice(nil).MergeAll(s.Labels)
	merge := func(more types.FsSlice) {
		if err == nil {
			fields, err = fields.MergeAll(more)
		}
	}
	if l.IncludeSelectors {
		merge(s.CommonLabels)
		return fields, err
	}
	if l.IncludeTemplates {
		merge(s.TemplateLabels)
	}
	if l.IncludeVolumeClaimTemplates {
		merge(s.VolumeClaimTemplateLabels)
	}
	merge(types.FsSlice{{Path: "metadata/labels", CreateIfNotPresent: true}})
	return fields, err
}
