package main

import (
	"strings"

	"sigs.k8s.io/kustomize/api/filters/nameref"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// fixNames writes the names that resources have now into the fields that refer to them.
func (s *fieldSpecs) fixNames(m resmap.ResMap) error {
	for _, referrer := range m.Resources() {
		id := referrer.OrgId()
		var candidates resmap.ResMap
		for i := range s.NameReference {
			target := &s.NameReference[i]
			for _, field := range target.Referrers {
				if !id.IsSelected(&field.Gvk) || !mayHave(referrer.YNode(), field.Path) {
					continue
				}
				if candidates == nil {
					var err error
					if candidates, err = m.SubsetThatCouldBeReferencedByResource(referrer); err != nil {
						return err
					}
				}
				filter := nameref.Filter{
					Referrer:           referrer,
					NameFieldToUpdate:  field,
					ReferralTarget:     target.Gvk,
					ReferralCandidates: candidates,
				}
				if err := referrer.ApplyFilter(filter); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mayHave is false only when the library's search for the field would end without finding anything.
func mayHave(n *yaml.Node, path string) bool {
	for n != nil && path != "" {
		switch n.Kind {
		case yaml.SequenceNode:
			for _, item := range n.Content {
				if mayHave(item, path) {
					return true
				}
			}
			return false
		case yaml.MappingNode:
			name, rest, _ := strings.Cut(path, "/")
			if strings.ContainsAny(name, `\[`) {
				return true
			}
			n, path = valueOf(n, name), rest
		default:
			return true
		}
	}
	return n != nil
}

func valueOf(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
