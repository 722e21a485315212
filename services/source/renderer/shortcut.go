package main

import (
	"errors"
	"path"
	"reflect"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/ifc"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// errNotPlain sends a build to krusty.
var errNotPlain = errors.New("not a plain kustomization")

// Values of --shortcuts.
const (
	shortcutsOn   = "on"
	shortcutsOff  = "off"
	shortcutsOnly = "only"
)

var shortcuts = shortcutsOn

// maxPlainFolders bounds the folders that a shortcut visits, each counted as often as it is named.
const maxPlainFolders = 64

var (
	dependencies = provider.NewDefaultDepProvider()
	resources    = resmap.NewFactory(dependencies.GetResourceFactory())
)

// shortcut builds kustomizations of a plain shape as krusty does, with the same generators and transformers in the same order, but
// gives them the library's field table as it is, where krusty writes it to YAML and parses it again for each of them, and parses an
// unchanged base once. Whatever it does not know, and every error, is krusty's: ok is false then.
func (t *tree) shortcut(dir string) (m resmap.ResMap, ok bool) {
	defer func() {
		if recover() != nil {
			m, ok = nil, false
		}
	}()
	specs := defaultFieldSpecs()
	if specs == nil {
		return nil, false
	}
	s := &shortcut{tree: t, specs: specs}
	top, err := s.plan(path.Clean(dir), nil)
	if err != nil || top.k.Kind != types.KustomizationKind {
		return nil, false
	}
	if m, err = s.accumulate(top, resmap.New()); err != nil {
		return nil, false
	}
	if err = s.finish(m); err != nil {
		return nil, false
	}
	return m, true
}

type shortcut struct {
	tree    *tree
	specs   *fieldSpecs
	folders int
}

// plainFolder is a folder with a plain kustomization and everything that it names.
type plainFolder struct {
	dir string
	k   *types.Kustomization
	// subs are the folders among its resources and components, by the path that names them.
	subs map[string]*plainFolder
	// identity is equal for folders that build to the same resources; "" when a file has no Git id.
	identity []byte
	bytes    int
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// plan reads the kustomizations below dir; above are the folders on the way to it.
func (s *shortcut) plan(dir string, above []string) (*plainFolder, error) {
	if s.folders++; s.folders > maxPlainFolders {
		return nil, errNotPlain
	}
	// krusty refuses a base that is or holds a folder on the way to it.
	for _, a := range above {
		if dir == "." || a == dir || strings.HasPrefix(a, dir+"/") {
			return nil, errNotPlain
		}
	}
	file, data, err := kustomizationFile(s.tree, dir)
	if err != nil || file == "" {
		return nil, errNotPlain
	}
	info, err := s.tree.kustomizationInfo(file, data)
	if err != nil || info.plain == nil {
		return nil, errNotPlain
	}
	f := &plainFolder{dir: dir, k: info.plain, subs: map[string]*plainFolder{}, bytes: len(data)}
	digest := newIdentity(s.tree, file)
	for _, ref := range info.refs.References {
		p, ok := within(dir, ref.Path)
		switch {
		case !ok:
			return nil, errNotPlain
		case s.tree.isFile(p):
			digest.file(s.tree, p)
			f.bytes += s.tree.sizeOf(p)
		case s.tree.IsDir(p) && (ref.Field == "resources" || ref.Field == "components"):
			if !plainPath.MatchString(ref.Path) || strings.Contains(ref.Path, ".git") || strings.Contains(strings.ReplaceAll("/"+ref.Path, "/..", ""), "..") {
				return nil, errNotPlain
			}
			sub, err := s.plan(p, append(above[:len(above):len(above)], dir))
			if err != nil {
				return nil, err
			}
			if (sub.k.Kind == types.ComponentKind) != (ref.Field == "components") {
				return nil, errNotPlain
			}
			f.subs[ref.Path] = sub
			f.bytes += sub.bytes
			digest.folder(sub.identity)
		case ref.Optional:
			digest.absent()
		default:
			return nil, errNotPlain
		}
	}
	f.identity = digest.sum()
	return f, nil
}

// isPlain tells whether a kustomization uses nothing but what accumulate does. Whatever kustomize adds to the type later is unknown.
func isPlain(k *types.Kustomization) bool {
	if len(k.EnforceFields()) > 0 || k.CheckEmpty() != nil {
		return false
	}
	for i := range k.Labels {
		if len(k.Labels[i].FieldSpecs) > 0 {
			return false
		}
	}
	rest := *k
	rest.TypeMeta = types.TypeMeta{}
	rest.Resources, rest.Components = nil, nil
	rest.ConfigMapGenerator, rest.SecretGenerator, rest.GeneratorOptions = nil, nil, nil
	rest.PatchesStrategicMerge, rest.Patches, rest.PatchesJson6902 = nil, nil, nil
	rest.Namespace, rest.NamePrefix, rest.NameSuffix = "", "", ""
	rest.Labels, rest.CommonLabels, rest.CommonAnnotations = nil, nil, nil
	rest.Replicas, rest.Images, rest.Replacements = nil, nil, nil
	return reflect.ValueOf(rest).IsZero()
}

// accumulate gives the resources of a folder, its own to change. Those of a component come on top of m, and its transformers act on
// all of them.
func (s *shortcut) accumulate(f *plainFolder, m resmap.ResMap) (resmap.ResMap, error) {
	for _, name := range f.k.Resources {
		more, err := s.resource(f, name)
		if err != nil {
			return nil, err
		}
		if m.Size() == 0 {
			m = more
		} else if err := m.AppendAll(more); err != nil {
			return nil, err
		}
	}
	if err := s.generate(f, m); err != nil {
		return nil, err
	}
	for _, name := range f.k.Components {
		sub := f.subs[name]
		if sub == nil {
			return nil, errNotPlain
		}
		var err error
		if m, err = s.accumulate(sub, m); err != nil {
			return nil, err
		}
	}
	return m, s.transform(f, m)
}

func (s *shortcut) resource(f *plainFolder, name string) (resmap.ResMap, error) {
	if sub := f.subs[name]; sub != nil {
		return s.base(sub)
	}
	p, _ := within(f.dir, name)
	data, ok := s.tree.read(p)
	if !ok {
		return nil, errNotPlain
	}
	return resources.NewResMapFromBytes(data)
}

// base gives a copy of what an unchanged folder was accumulated to before.
func (s *shortcut) base(f *plainFolder) (resmap.ResMap, error) {
	if f.identity == nil {
		return s.accumulate(f, resmap.New())
	}
	key := string(f.identity)
	if m := bases.get(key); m != nil {
		return m.DeepCopy(), nil
	}
	m, err := s.accumulate(f, resmap.New())
	if err != nil {
		return nil, err
	}
	for _, r := range m.Resources() {
		if hasAlias(r.YNode()) {
			return nil, errNotPlain
		}
	}
	bases.put(key, m.DeepCopy(), f.bytes)
	return m, nil
}

// hasAlias: kustomize's copy of a tree leaves an alias with the anchor of the original. Its parser replaces aliases, so this is a guard.
func hasAlias(n *yaml.Node) bool {
	if n == nil {
		return false
	}
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c) {
			return true
		}
	}
	return false
}

// finish does what krusty does once, after everything has been accumulated.
func (s *shortcut) finish(m resmap.ResMap) error {
	hash := builtins.HashTransformerPlugin{}
	if err := hash.Config(s.helpers("."), nil); err != nil {
		return err
	}
	if err := hash.Transform(m); err != nil {
		return err
	}
	if err := s.specs.fixNames(m); err != nil {
		return err
	}
	for _, r := range m.Resources() {
		meta, err := r.GetValidatedMetadata()
		if err != nil {
			return err
		}
		if _, local := meta.Annotations[konfig.IgnoredByKustomizeAnnotation]; local {
			return errNotPlain
		}
	}
	if err := sortResources(&sortOrder{options: &types.SortOptions{Order: types.LegacySortOrder}}, m); err != nil {
		return err
	}
	m.RemoveBuildAnnotations()
	if err := m.RemoveOriginAnnotations(); err != nil {
		return err
	}
	return m.RemoveTransformerAnnotations()
}

func (s *shortcut) helpers(dir string) *resmap.PluginHelpers {
	return resmap.NewPluginHelpers(&folderLoader{tree: s.tree, dir: dir}, dependencies.GetFieldValidator(), resources, types.DisabledPluginConfig())
}

// folderLoader reads the files that a generator or a patch names.
type folderLoader struct {
	tree *tree
	dir  string
}

var _ ifc.Loader = (*folderLoader)(nil)

func (l *folderLoader) Repo() string                   { return "" }
func (l *folderLoader) Root() string                   { return path.Join("/", l.dir) }
func (l *folderLoader) New(string) (ifc.Loader, error) { return nil, errNotPlain }
func (l *folderLoader) Cleanup() error                 { return nil }
func (l *folderLoader) Load(name string) ([]byte, error) {
	p, ok := within(l.dir, name)
	if !ok {
		return nil, errNotPlain
	}
	return l.tree.ReadFile(p)
}
