package main

import (
	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// configured configures a generator or transformer that needs no field table, as krusty does.
func (s *shortcut) configured(p resmap.Configurable, dir string, config any) error {
	text, err := yaml.Marshal(config)
	if err != nil {
		return err
	}
	return p.Config(s.helpers(dir), text)
}

func (s *shortcut) generate(f *plainFolder, m resmap.ResMap) error {
	run := func(g resmap.GeneratorPlugin, config any) error {
		if err := s.configured(g, f.dir, config); err != nil {
			return err
		}
		made, err := g.Generate()
		if err != nil {
			return err
		}
		return m.AbsorbAll(made)
	}
	for _, args := range f.k.ConfigMapGenerator {
		args.Options = types.MergeGlobalOptionsIntoLocal(args.Options, f.k.GeneratorOptions)
		if err := run(builtins.NewConfigMapGeneratorPlugin(), args); err != nil {
			return err
		}
	}
	for _, args := range f.k.SecretGenerator {
		args.Options = types.MergeGlobalOptionsIntoLocal(args.Options, f.k.GeneratorOptions)
		if err := run(builtins.NewSecretGeneratorPlugin(), args); err != nil {
			return err
		}
	}
	return nil
}

// transform runs the transformers of a kustomization in kustomize's order.
func (s *shortcut) transform(f *plainFolder, m resmap.ResMap) error {
	all, err := s.transformers(f)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := t.Transform(m); err != nil {
			return err
		}
		m.DropEmpties()
	}
	return nil
}

func (s *shortcut) transformers(f *plainFolder) ([]resmap.Transformer, error) {
	k := f.k
	var all []resmap.Transformer
	configured := func(t resmap.TransformerPlugin, config any) error {
		all = append(all, t)
		return s.configured(t, f.dir, config)
	}
	if len(k.PatchesStrategicMerge) > 0 {
		config := struct {
			Paths []types.PatchStrategicMerge `json:"paths,omitempty"`
		}{k.PatchesStrategicMerge}
		if err := configured(builtins.NewPatchStrategicMergeTransformerPlugin(), config); err != nil {
			return nil, err
		}
	}
	for _, p := range k.Patches {
		if err := configured(builtins.NewPatchTransformerPlugin(), p); err != nil {
			return nil, err
		}
	}
	if k.Namespace != "" {
		t := &builtins.NamespaceTransformerPlugin{}
		if err := configured(t, struct{}{}); err != nil {
			return nil, err
		}
		t.Namespace, t.FieldSpecs = k.Namespace, s.specs.Namespace
	}
	if k.NamePrefix != "" {
		all = append(all, &builtins.PrefixTransformerPlugin{Prefix: k.NamePrefix, FieldSpecs: s.specs.NamePrefix})
	}
	if k.NameSuffix != "" {
		all = append(all, &builtins.SuffixTransformerPlugin{Suffix: k.NameSuffix, FieldSpecs: s.specs.NameSuffix})
	}
	for i := range k.Labels {
		fields, err := s.specs.forLabel(&k.Labels[i])
		if err != nil {
			return nil, err
		}
		all = append(all, &builtins.LabelTransformerPlugin{Labels: k.Labels[i].Pairs, FieldSpecs: fields})
	}
	if len(k.CommonLabels) > 0 {
		all = append(all, &builtins.LabelTransformerPlugin{Labels: k.CommonLabels, FieldSpecs: s.specs.CommonLabels})
	}
	if len(k.CommonAnnotations) > 0 {
		all = append(all, &builtins.AnnotationsTransformerPlugin{Annotations: k.CommonAnnotations, FieldSpecs: s.specs.CommonAnnotations})
	}
	for _, p := range k.PatchesJson6902 {
		config := struct {
			Target *types.Selector `json:"target,omitempty"`
			Path   string          `json:"path,omitempty"`
			JSONOp string          `json:"jsonOp,omitempty"`
		}{p.Target, p.Path, p.Patch}
		if err := configured(builtins.NewPatchJson6902TransformerPlugin(), config); err != nil {
			return nil, err
		}
	}
	for _, r := range k.Replicas {
		all = append(all, &builtins.ReplicaCountTransformerPlugin{Replica: r, FieldSpecs: s.specs.Replicas})
	}
	for _, image := range k.Images {
		all = append(all, &builtins.ImageTagTransformerPlugin{ImageTag: image, FieldSpecs: s.specs.Images})
	}
	if len(k.Replacements) > 0 {
		config := struct {
			Replacements []types.ReplacementField `json:"replacements,omitempty"`
		}{k.Replacements}
		if err := configured(builtins.NewReplacementTransformerPlugin(), config); err != nil {
			return nil, err
		}
	}
	return all, nil
}
