package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"golang.org/x/text/unicode/norm"
	"sigs.k8s.io/yaml"
)

type expanded struct {
	Results []expandedOne `json:"results"`
}

type expandedOne struct {
	Value any      `json:"value,omitempty"`
	Error *failure `json:"error,omitempty"`
}

// expandTemplate renders every string and map key of a value once per parameter set (Argo CD: ApplicationSet goTemplate).
func expandTemplate(r *request) (*expanded, error) {
	var options struct {
		Options []string `json:"options"`
	}
	if len(r.Options) > 0 {
		if err := json.Unmarshal(r.Options, &options); err != nil {
			return nil, fail("MANIFEST_INVALID", "the template options are not valid").because(err)
		}
	}
	for _, o := range options.Options {
		switch o {
		case "missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error":
		default:
			return nil, fail("MANIFEST_INVALID", "%q is not a template option", o)
		}
	}
	var value any
	if err := json.Unmarshal(r.Value, &value); err != nil {
		return nil, fail("MANIFEST_INVALID", "the template is not valid").because(err)
	}
	parsed := templates{options: options.Options, byText: map[string]*template.Template{}}
	out := &expanded{Results: make([]expandedOne, 0, len(r.Parameters))}
	for _, raw := range r.Parameters {
		var parameters any
		if err := json.Unmarshal(raw, &parameters); err != nil {
			return nil, fail("MANIFEST_INVALID", "the template parameters are not valid").because(err)
		}
		result, f := parsed.walk(value, parameters)
		if f != nil {
			out.Results = append(out.Results, expandedOne{Error: withoutSecrets(f, nil, raw)})
			continue
		}
		out.Results = append(out.Results, expandedOne{Value: result})
	}
	return out, nil
}

// templates keeps each distinct text parsed.
type templates struct {
	options []string
	byText  map[string]*template.Template
}

func (t templates) walk(value, parameters any) (any, *failure) {
	switch v := value.(type) {
	case string:
		return t.expand(v, parameters)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var f *failure
			if out[i], f = t.walk(item, parameters); f != nil {
				return nil, f
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			k, f := t.expand(key, parameters)
			if f != nil {
				return nil, f
			}
			if out[k.(string)], f = t.walk(item, parameters); f != nil {
				return nil, f
			}
		}
		return out, nil
	}
	return value, nil
}

func (t templates) expand(text string, parameters any) (any, *failure) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	parsed, ok := t.byText[text]
	if !ok {
		var err error
		parsed, err = template.New("").Funcs(templateFunctions).Option(t.options...).Parse(text)
		if err != nil {
			return nil, fail("RENDER_TEMPLATE", "the template %q is not valid", cut(text)).because(err)
		}
		t.byText[text] = parsed
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, parameters); err != nil {
		return nil, fail("RENDER_TEMPLATE", "the template %q cannot be expanded", cut(text)).because(err)
	}
	return out.String(), nil
}

// templateFunctions: sprig without what reads the environment or the network, and the ApplicationSet controller's own.
var templateFunctions = func() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	delete(f, "getHostByName")
	f["normalize"] = normalize
	f["slugify"] = slugify
	f["toYaml"] = func(v any) (string, error) {
		data, err := yaml.Marshal(v)
		return strings.TrimSuffix(string(data), "\n"), err
	}
	f["fromYaml"] = func(text string) (map[string]any, error) {
		out := map[string]any{}
		err := yaml.Unmarshal([]byte(text), &out)
		return out, err
	}
	f["fromYamlArray"] = func(text string) ([]any, error) {
		out := []any{}
		err := yaml.Unmarshal([]byte(text), &out)
		return out, err
	}
	return f
}()

var notInName = regexp.MustCompile(`[^-a-z0-9.]`)

// normalize makes text a DNS-1123 name (Argo CD: SanitizeName).
func normalize(name string) string {
	name = notInName.ReplaceAllString(strings.ToLower(name), "-")
	if len(name) > 253 {
		name = name[:253]
	}
	return strings.Trim(name, "-.")
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slugify [maxLength [smartTruncate]] name: lower-case words joined by dashes, 50 characters unless told; a smart cut is at a dash.
func slugify(args ...any) string {
	length, smart, name := 50, false, ""
	for i, a := range args {
		switch v := a.(type) {
		case int:
			length = v
		case bool:
			smart = v
		case string:
			if i == len(args)-1 {
				name = v
			}
		}
	}
	var plain strings.Builder
	for _, c := range norm.NFKD.String(strings.ToLower(name)) {
		if c < 0x300 || c > 0x36f {
			plain.WriteRune(c)
		}
	}
	slug := strings.Trim(notInSlug.ReplaceAllString(plain.String(), "-"), "-")
	if len(slug) > length {
		cutAt := length
		if smart {
			if i := strings.LastIndex(slug[:length+1], "-"); i > 0 {
				cutAt = i
			}
		}
		slug = strings.Trim(slug[:cutAt], "-")
	}
	return slug
}
