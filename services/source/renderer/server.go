package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

// request is one message of the caller; which fields matter depends on op.
type request struct {
	ID int    `json:"id"`
	Op string `json:"op"`

	// put: [id, content, "b64"?]
	Blobs [][]string `json:"blobs"`

	// inspect
	Kind string `json:"kind"`
	Blob string `json:"blob"`

	// render
	Tool string `json:"tool"`
	// Path is the application's folder in the repository, without a leading slash.
	Path string `json:"path"`
	// Files are all inputs as [path, blob id, "link"?].
	Files   [][]string      `json:"files"`
	Options json.RawMessage `json:"options"`
	Release release         `json:"release"`
	// ValueFiles are Helm value files, lowest precedence first, as [name, blob id]; FileParameters as [parameter, blob id].
	ValueFiles     [][]string `json:"valueFiles"`
	FileParameters [][]string `json:"fileParameters"`
	Limits         limits     `json:"limits"`

	// template, jq, versions
	Value      json.RawMessage   `json:"value"`
	Parameters []json.RawMessage `json:"parameters"`
	Query      string            `json:"query"`
	Constraint string            `json:"constraint"`
	Versions   []string          `json:"versions"`
}

type release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type server struct {
	out   *frameWriter
	blobs *blobStore
	queue chan *request
}

func newServer(out *frameWriter, workers int, blobBytes int64) *server {
	s := &server{out: out, blobs: newBlobStore(blobBytes), queue: make(chan *request, 1024)}
	for range workers {
		go func() {
			for r := range s.queue {
				s.answer(r)
			}
		}()
	}
	return s
}

// serve reads requests until the caller closes its side. Contents (`put`) are taken in order, before any later request is started.
func (s *server) serve(in *bufio.Reader) error {
	for {
		body, err := readFrame(in)
		if err != nil {
			return err
		}
		r := new(request)
		if err := json.Unmarshal(body, r); err != nil {
			return err
		}
		if r.Op != "put" {
			s.queue <- r
			continue
		}
		for _, b := range r.Blobs {
			data := []byte(b[1])
			if len(b) > 2 {
				if data, err = base64.StdEncoding.DecodeString(b[1]); err != nil {
					return err
				}
			}
			s.blobs.put(b[0], data)
		}
	}
}

type response struct {
	ID    int      `json:"id"`
	OK    any      `json:"ok,omitempty"`
	Need  []string `json:"need,omitempty"`
	Error *failure `json:"error,omitempty"`
}

func (s *server) answer(r *request) {
	res := response{ID: r.ID}
	defer func() {
		if p := recover(); p != nil {
			res.OK, res.Need = nil, nil
			res.Error = fail("RENDER_CRASHED", "the renderer crashed on this input").because(fmt.Errorf("panic at %s", panicPlace()))
		}
		s.out.write(res)
	}()
	ids := r.blobIDs()
	found, need := s.blobs.collect(ids)
	if len(need) > 0 {
		res.Need = need
		return
	}
	ok, err := r.run(found)
	if err != nil {
		res.Error = withoutSecrets(asFailure(err, "INTERNAL", "the request failed"), found, r.Options)
		return
	}
	res.OK = ok
}

// panicPlace names the functions on top of the stack, never the panic's value: that may quote a manifest.
func panicPlace() string {
	var frames []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if strings.HasPrefix(line, "\t") || !strings.Contains(line, "(") || strings.HasPrefix(line, "runtime") || strings.HasPrefix(line, "panic") {
			continue
		}
		frames = append(frames, line[:strings.LastIndex(line, "(")])
		if len(frames) == 6 {
			break
		}
	}
	return strings.Join(frames, " < ")
}

func (r *request) blobIDs() []string {
	ids := make([]string, 0, len(r.Files)+len(r.ValueFiles)+len(r.FileParameters)+1)
	if r.Blob != "" {
		ids = append(ids, r.Blob)
	}
	for _, f := range r.Files {
		if len(f) == 2 {
			ids = append(ids, f[1])
		}
	}
	for _, f := range r.ValueFiles {
		ids = append(ids, f[1])
	}
	for _, f := range r.FileParameters {
		ids = append(ids, f[1])
	}
	return ids
}

func (r *request) run(blobs map[string]*blob) (any, error) {
	switch r.Op {
	case "inspect":
		return inspect(r.Kind, r.Path, blobs[r.Blob])
	case "render":
		return render(r, blobs)
	case "template":
		return expandTemplate(r)
	case "jq":
		return runQuery(r)
	case "versions":
		return matchVersions(r)
	}
	return nil, fail("INTERNAL", "unknown operation %q", r.Op)
}

type rendered struct {
	Objects []object `json:"objects"`
}

func render(r *request, blobs map[string]*blob) (*rendered, error) {
	if f := r.Limits.inputFailure(blobs); f != nil {
		return nil, f.at(r.Path, 0)
	}
	t := newTree()
	for _, f := range r.Files {
		if len(f) == 2 {
			t.add(f[0], blobs[f[1]])
		} else {
			t.addLink(f[0])
		}
	}
	out := newOutput(r.Limits)
	var err error
	switch r.Tool {
	case "kustomize":
		err = renderKustomize(r, t, out)
	case "flux-kustomize":
		err = renderFlux(r, t, out)
	case "helm":
		err = renderHelm(r, t, blobs, out)
	case "directory":
		err = renderDirectory(r, t, out)
	default:
		err = fail("INTERNAL", "unknown tool %q", r.Tool)
	}
	// A link that was asked for explains whatever went wrong because of it, and refuses what would have gone right.
	if f := t.linkFailure(); f != nil {
		return nil, f
	}
	if err != nil {
		return nil, err
	}
	return &rendered{Objects: out.objects}, nil
}
