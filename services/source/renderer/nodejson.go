package main

import (
	"encoding/json"
	"errors"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// maxPlainKeys bounds the search for repeated keys.
const maxPlainKeys = 200

// errUnusual: the node needs the library's own way.
var errUnusual = errors.New("unusual node")

// resourceJSON writes a built resource as JSON. The library writes YAML, reads it again and writes JSON; what ordinary manifests consist
// of can go straight from the tree. Anything else (merge keys, other keys than text, repeated keys) takes the library's way.
func resourceJSON(res *resource.Resource) ([]byte, error) {
	raw, err := appendNode(make([]byte, 0, 2048), res.YNode(), 0)
	if err == nil && len(raw) > 0 && raw[0] == '{' {
		return raw, nil
	}
	return res.MarshalJSON()
}

func appendNode(out []byte, n *yaml.Node, depth int) ([]byte, error) {
	if n == nil || depth > maxDepth {
		return nil, errUnusual
	}
	switch n.Kind {
	case yaml.AliasNode:
		return appendNode(out, n.Alias, depth+1)
	case yaml.MappingNode:
		return appendMapping(out, n, depth)
	case yaml.SequenceNode:
		var err error
		out = append(out, '[')
		for i, item := range n.Content {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendNode(out, item, depth+1); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case yaml.ScalarNode:
		return appendScalar(out, n)
	}
	return nil, errUnusual
}

func appendMapping(out []byte, n *yaml.Node, depth int) ([]byte, error) {
	if len(n.Content) > 2*maxPlainKeys {
		return nil, errUnusual
	}
	var err error
	out = append(out, '{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != yaml.NodeTagString {
			return nil, errUnusual
		}
		for j := 0; j < i; j += 2 {
			if n.Content[j].Value == key.Value {
				return nil, errUnusual
			}
		}
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendText(out, key.Value); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if out, err = appendNode(out, n.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendScalar(out []byte, n *yaml.Node) ([]byte, error) {
	switch n.ShortTag() {
	case yaml.NodeTagString:
		return appendText(out, n.Value)
	case yaml.NodeTagNull:
		return append(out, "null"...), nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return nil, errUnusual
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, errUnusual
	}
	return append(out, raw...), nil
}

func appendText(out []byte, text string) ([]byte, error) {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			raw, err := json.Marshal(text)
			return append(out, raw...), err
		}
	}
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"'), nil
}
