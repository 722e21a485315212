package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"helm.sh/helm/v4/pkg/ignore"
	"helm.sh/helm/v4/pkg/strvals"
)

type helmOptions struct {
	Values       string          `json:"values"`
	ValuesObject json.RawMessage `json:"valuesObject"`
	Parameters   []struct {
		Name        string `json:"name"`
		Value       string `json:"value"`
		ForceString bool   `json:"forceString"`
	} `json:"parameters"`
	SkipCrds             bool     `json:"skipCrds"`
	SkipSchemaValidation bool     `json:"skipSchemaValidation"`
	KubeVersion          string   `json:"kubeVersion"`
	APIVersions          []string `json:"apiVersions"`
}

// renderHelm is `helm template`: values by precedence, no cluster (`lookup` answers nothing), no DNS, no downloads. Hooks stay manifests
// with their annotations, NOTES.txt is dropped.
func renderHelm(r *request, t *tree, blobs map[string]*blob, out *output) error {
	var o helmOptions
	if err := json.Unmarshal(r.Options, &o); err != nil {
		return fail("MANIFEST_INVALID", "the Helm options are not valid").because(err)
	}
	chartFile := path.Join(r.Path, "Chart.yaml")
	ch, err := loadChart(t, r.Path, chartFile)
	if err != nil {
		return err
	}
	values, err := o.merge(r, blobs)
	if err != nil {
		return err
	}
	capabilities, err := o.capabilities()
	if err != nil {
		return err
	}
	if want := ch.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, capabilities.KubeVersion.String()) {
		return fail("RENDER_HELM", "the chart wants Kubernetes %s, the application is for %s", want, capabilities.KubeVersion.Version).at(chartFile, 0)
	}
	if err := chartutil.ProcessDependencies(ch, values); err != nil {
		return fail("RENDER_HELM", "the chart's dependencies cannot be processed").at(chartFile, 0).because(err)
	}
	top, err := commonutil.ToRenderValuesWithSchemaValidation(ch, values, common.ReleaseOptions{
		Name: r.Release.Name, Namespace: r.Release.Namespace, Revision: 1, IsInstall: true,
	}, capabilities, o.SkipSchemaValidation)
	if err != nil {
		return fail("RENDER_HELM", "the values do not fit the chart").at(chartFile, 0).because(err)
	}
	texts, err := engine.Engine{}.RenderWithContext(context.Background(), ch, top)
	if err != nil {
		return helmFailure(err, ch.Name(), r.Path)
	}
	if !o.SkipCrds {
		crds := ch.CRDObjects()
		slices.SortFunc(crds, func(a, b chart.CRD) int { return strings.Compare(a.Filename, b.Filename) })
		for _, crd := range crds {
			if f := out.addYAML(chartPath(crd.Filename, ch.Name(), r.Path), crd.File.Data, true); f != nil {
				return f
			}
		}
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if path.Base(name) == "NOTES.txt" || strings.TrimSpace(texts[name]) == "" {
			continue
		}
		if f := out.addYAML(chartPath(name, ch.Name(), r.Path), []byte(texts[name]), false); f != nil {
			return f
		}
	}
	return nil
}

// loadChart reads the chart from the files in its folder, without those that .helmignore excludes, and makes sure that every
// dependency is there: nothing is downloaded.
func loadChart(t *tree, dir, chartFile string) (*chart.Chart, error) {
	if !t.isFile(chartFile) {
		return nil, fail("SOURCE_PATH_NOT_FOUND", "there is no Chart.yaml in %s", display(dir)).at(dir, 0)
	}
	rules := ignore.Empty()
	if data, ok := t.read(path.Join(dir, ".helmignore")); ok {
		parsed, err := ignore.Parse(bytes.NewReader(data))
		if err != nil {
			return nil, fail("RENDER_HELM", ".helmignore is not valid").at(path.Join(dir, ".helmignore"), 0).because(err)
		}
		rules = parsed
	}
	rules.AddDefaults()
	var files []*archive.BufferedFile
	var collect func(sub string) error
	collect = func(sub string) error {
		for _, name := range t.list(path.Join(dir, sub)) {
			relative := path.Join(sub, name)
			full := path.Join(dir, relative)
			if t.links[clean(full)] {
				if !rules.Ignore(relative, entry{name: name}) {
					t.lookup(full)
				}
				continue
			}
			isDir := t.IsDir(full)
			if rules.Ignore(relative, entry{name: name, dir: isDir}) {
				continue
			}
			if isDir {
				if err := collect(relative); err != nil {
					return err
				}
				continue
			}
			if b := t.files[clean(full)]; b != nil {
				if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" {
					if f := b.bombFailure(full); f != nil {
						return f
					}
				}
				files = append(files, &archive.BufferedFile{Name: relative, Data: b.data})
			}
		}
		return nil
	}
	if err := collect(""); err != nil {
		return nil, err
	}
	if f := t.linkFailure(); f != nil {
		return nil, f
	}
	ch, err := loader.LoadFiles(files)
	if err != nil {
		isMetadata := func(p string) bool { return path.Base(p) == "Chart.yaml" || path.Base(p) == "values.yaml" }
		if f := brokenInput(t, isMetadata); f != nil {
			return nil, f
		}
		return nil, fail("RENDER_HELM", "the chart cannot be loaded").at(chartFile, 0).because(err)
	}
	return ch, checkChart(ch, chartFile)
}

var remoteSchema = regexp.MustCompile(`"\$ref"\s*:\s*"[a-zA-Z][a-zA-Z0-9+.-]*:`)

// checkChart refuses dependencies that are not vendored and value schemas that would be fetched, in the chart and its subcharts.
func checkChart(ch *chart.Chart, chartFile string) error {
	if remoteSchema.Match(ch.Schema) {
		return fail("RENDER_REMOTE_REFUSED", "values.schema.json of chart %s refers to a remote schema", ch.Name()).at(path.Join(path.Dir(chartFile), "values.schema.json"), 0)
	}
	var missing []string
	for _, wanted := range ch.Metadata.Dependencies {
		there := slices.ContainsFunc(ch.Dependencies(), func(d *chart.Chart) bool { return d.Name() == wanted.Name })
		if !there {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) > 0 {
		return fail("RENDER_REMOTE_REFUSED", "chart %s depends on %s, which is not in its charts/ folder and is not downloaded", ch.Name(), strings.Join(missing, ", ")).at(chartFile, 0)
	}
	for _, d := range ch.Dependencies() {
		if err := checkChart(d, chartFile); err != nil {
			return err
		}
	}
	return nil
}

// merge lays values over each other, lowest precedence first: valueFiles in order, values, valuesObject, parameters, fileParameters
// (Argo CD). The chart's own values come below all of them, in the library.
func (o *helmOptions) merge(r *request, blobs map[string]*blob) (map[string]any, error) {
	values := map[string]any{}
	lay := func(name string, data []byte) error {
		if f := expansionFailure(data, name); f != nil {
			return f
		}
		more, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return yamlFailure(err, name, 0)
		}
		values = loader.MergeMaps(values, more)
		return nil
	}
	for _, file := range r.ValueFiles {
		if err := lay(file[0], blobs[file[1]].data); err != nil {
			return nil, err
		}
	}
	if o.Values != "" {
		if err := lay("values", []byte(o.Values)); err != nil {
			return nil, err
		}
	}
	if len(o.ValuesObject) > 0 && string(o.ValuesObject) != "null" {
		if err := lay("valuesObject", o.ValuesObject); err != nil {
			return nil, err
		}
	}
	for _, p := range o.Parameters {
		parse := strvals.ParseInto
		if p.ForceString {
			parse = strvals.ParseIntoString
		}
		if err := parse(p.Name+"="+escapeCommas(p.Value), values); err != nil {
			return nil, fail("RENDER_HELM", "the parameter %s cannot be set", p.Name)
		}
	}
	for _, p := range r.FileParameters {
		content := string(blobs[p[1]].data)
		read := func([]rune) (any, error) { return content, nil }
		if err := strvals.ParseIntoFile(p[0]+"=file", values, read); err != nil {
			return nil, fail("RENDER_HELM", "the file parameter %s cannot be set", p[0])
		}
	}
	return values, nil
}

// escapeCommas keeps a value in one piece where --set would split it; a list in braces stays a list (Argo CD).
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var out strings.Builder
	for i, c := range value {
		if c == ',' && (i == 0 || value[i-1] != '\\') {
			out.WriteByte('\\')
		}
		out.WriteRune(c)
	}
	return out.String()
}

func (o *helmOptions) capabilities() (*common.Capabilities, error) {
	capabilities := common.DefaultCapabilities.Copy()
	if o.KubeVersion != "" {
		version, err := common.ParseKubeVersion(o.KubeVersion)
		if err != nil {
			return nil, fail("MANIFEST_INVALID", "kubeVersion %q is not a version", o.KubeVersion)
		}
		capabilities.KubeVersion = *version
	}
	capabilities.APIVersions = append(slices.Clone(capabilities.APIVersions), o.APIVersions...)
	return capabilities, nil
}

// chartPath turns the engine's name of a template (chart name first) into its path in the repository.
func chartPath(name, chartName, dir string) string {
	return path.Join(dir, strings.TrimPrefix(name, chartName+"/"))
}

var templatePlace = regexp.MustCompile(`\(?([\w./-]+\.(?:ya?ml|tpl|txt|json)):(\d+)`)

// helmFailure types what a template said and finds the template and line.
func helmFailure(err error, chartName, dir string) error {
	text := err.Error()
	f := fail("RENDER_HELM", "a template of chart %s cannot be rendered", chartName).because(fmt.Errorf("%s", text))
	if m := templatePlace.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[2]) // digits by the expression; 0 when out of range
		return f.at(chartPath(m[1], chartName, dir), line)
	}
	return f.at(path.Join(dir, "Chart.yaml"), 0)
}

var _ fs.FileInfo = entry{}
