package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// tree is the read-only file system of one render: exactly the files that its key was computed from, under "/". Nothing else can be
// read, so an input that the key does not know is "not there" instead of a stale result.
type tree struct {
	files map[string]*blob
	dirs  map[string]map[string]bool // directory → names of its entries
	links map[string]bool
	// touched is the first symbolic link that something asked for; links are never followed.
	touched string
	// overlay holds files that the renderer itself generates (a kustomization with the application's options laid over it).
	overlay map[string][]byte
}

var _ filesys.FileSystem = (*tree)(nil)

func newTree() *tree {
	return &tree{files: map[string]*blob{}, dirs: map[string]map[string]bool{"/": {}}, links: map[string]bool{}, overlay: map[string][]byte{}}
}

func clean(p string) string { return path.Clean("/" + filepath.ToSlash(p)) }

func (t *tree) enter(p string) string {
	p = clean(p)
	for child, dir := p, path.Dir(p); child != "/"; child, dir = dir, path.Dir(dir) {
		entries, ok := t.dirs[dir]
		if !ok {
			entries = map[string]bool{}
			t.dirs[dir] = entries
		}
		entries[path.Base(child)] = true
		if ok && dir != "/" {
			break
		}
	}
	return p
}

func (t *tree) add(p string, b *blob)          { t.files[t.enter(p)] = b }
func (t *tree) addLink(p string)               { t.links[t.enter(p)] = true }
func (t *tree) generate(p string, data []byte) { t.overlay[t.enter(p)] = data }

// lookup notes when a symbolic link is asked for, itself or as a directory on the way.
func (t *tree) lookup(p string) string {
	p = clean(p)
	for q := p; q != "/"; q = path.Dir(q) {
		if t.links[q] && t.touched == "" {
			t.touched = q
		}
	}
	return p
}

// linkFailure is set when a link was asked for during the render.
func (t *tree) linkFailure() *failure {
	if t.touched == "" {
		return nil
	}
	name := strings.TrimPrefix(t.touched, "/")
	return fail("SOURCE_PATH_ESCAPE", "%s is a symbolic link; links are never followed", name).at(name, 0)
}

func (t *tree) read(p string) ([]byte, bool) {
	p = t.lookup(p)
	if data, ok := t.overlay[p]; ok {
		return data, true
	}
	if b, ok := t.files[p]; ok {
		return b.data, true
	}
	return nil, false
}

func (t *tree) isFile(p string) bool {
	p = t.lookup(p)
	if _, ok := t.overlay[p]; ok {
		return true
	}
	_, ok := t.files[p]
	return ok
}

// idOf is the Git id of a file; a file that the renderer itself has written has none.
func (t *tree) idOf(p string) (string, bool) {
	p = t.lookup(p)
	if _, generated := t.overlay[p]; generated {
		return "", false
	}
	b, ok := t.files[p]
	if !ok {
		return "", false
	}
	return b.id, true
}

func (t *tree) sizeOf(p string) int {
	data, _ := t.read(p)
	return len(data)
}

// list gives the names in a directory, sorted.
func (t *tree) list(p string) []string {
	entries := t.dirs[t.lookup(p)]
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func notThere(p string) error {
	return &fs.PathError{Op: "open", Path: strings.TrimPrefix(p, "/"), Err: fs.ErrNotExist}
}

func readOnly(op, p string) error { return &fs.PathError{Op: op, Path: p, Err: fs.ErrPermission} }

func (t *tree) ReadFile(p string) ([]byte, error) {
	data, ok := t.read(p)
	if !ok {
		if t.IsDir(p) {
			return nil, fmt.Errorf("%s is a directory", strings.TrimPrefix(clean(p), "/"))
		}
		return nil, notThere(p)
	}
	return data, nil
}

func (t *tree) IsDir(p string) bool  { _, ok := t.dirs[t.lookup(p)]; return ok }
func (t *tree) Exists(p string) bool { return t.isFile(p) || t.IsDir(p) }

func (t *tree) ReadDir(p string) ([]string, error) {
	if !t.IsDir(p) {
		return nil, notThere(p)
	}
	return t.list(p), nil
}

func (t *tree) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	c := t.lookup(p)
	switch {
	case t.isFile(c):
		return filesys.ConfirmedDir(path.Dir(c)), path.Base(c), nil
	case t.IsDir(c):
		return filesys.ConfirmedDir(c), "", nil
	}
	return "", "", notThere(p)
}

func (t *tree) Glob(pattern string) ([]string, error) {
	var found []string
	want := clean(pattern)
	match := func(p string) error {
		ok, err := path.Match(want, p)
		if ok {
			found = append(found, p)
		}
		return err
	}
	for p := range t.files {
		if err := match(p); err != nil {
			return nil, err
		}
	}
	for p := range t.overlay {
		if _, both := t.files[p]; !both {
			if err := match(p); err != nil {
				return nil, err
			}
		}
	}
	sort.Strings(found)
	return found, nil
}

func (t *tree) Walk(root string, visit filepath.WalkFunc) error {
	err := t.walk(t.lookup(root), visit)
	if err == filepath.SkipDir || err == filepath.SkipAll {
		return nil
	}
	return err
}

func (t *tree) walk(p string, visit filepath.WalkFunc) error {
	if !t.IsDir(p) {
		data, ok := t.read(p)
		if !ok {
			return visit(p, nil, notThere(p))
		}
		return visit(p, entry{name: path.Base(p), size: int64(len(data))}, nil)
	}
	if err := visit(p, entry{name: path.Base(p), dir: true}, nil); err != nil {
		if err == filepath.SkipDir {
			return nil
		}
		return err
	}
	for _, name := range t.list(p) {
		child := path.Join(p, name)
		if t.links[child] {
			continue
		}
		if err := t.walk(child, visit); err != nil {
			if err == filepath.SkipDir {
				return nil
			}
			return err
		}
	}
	return nil
}

func (t *tree) Open(p string) (filesys.File, error) {
	data, err := t.ReadFile(p)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), info: entry{name: path.Base(clean(p)), size: int64(len(data))}}, nil
}

func (t *tree) Create(p string) (filesys.File, error) { return nil, readOnly("create", p) }
func (t *tree) Mkdir(p string) error                  { return readOnly("mkdir", p) }
func (t *tree) MkdirAll(p string) error               { return readOnly("mkdir", p) }
func (t *tree) RemoveAll(p string) error              { return readOnly("remove", p) }
func (t *tree) WriteFile(p string, _ []byte) error    { return readOnly("write", p) }

// entry describes a file or directory to library code that walks.
type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string       { return e.name }
func (e entry) Size() int64        { return e.size }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return e.dir }
func (e entry) Sys() any           { return nil }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

type openFile struct {
	*bytes.Reader
	info entry
}

func (f *openFile) Close() error                { return nil }
func (f *openFile) Stat() (os.FileInfo, error)  { return f.info, nil }
func (f *openFile) Write(b []byte) (int, error) { return 0, fs.ErrPermission }
