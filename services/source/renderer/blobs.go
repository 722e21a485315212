package main

import (
	"container/list"
	"sync"
)

// blob is the content of one file, immutable, known by its Git id; what was found out about it is kept with it.
type blob struct {
	id      string
	data    []byte
	checked sync.Once
	bomb    *failure
	read    sync.Once
	info    kustomizationInfo
	indexed sync.Once
	heads   []documentHead
}

// blobStore keeps the most recently used contents within a byte budget. The caller of the process sends contents ahead of use and
// learns from a `need` answer what has been dropped meanwhile.
type blobStore struct {
	mu     sync.Mutex
	budget int64
	used   int64
	byID   map[string]*list.Element
	order  *list.List // front = most recent
}

func newBlobStore(budget int64) *blobStore {
	return &blobStore{budget: budget, byID: map[string]*list.Element{}, order: list.New()}
}

func (s *blobStore) put(id string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byID[id]; ok {
		s.order.MoveToFront(e)
		return
	}
	s.byID[id] = s.order.PushFront(&blob{id: id, data: data})
	s.used += int64(len(data))
	for s.used > s.budget && s.order.Len() > 1 {
		last := s.order.Back()
		b := last.Value.(*blob)
		s.order.Remove(last)
		delete(s.byID, b.id)
		s.used -= int64(len(b.data))
	}
}

func (s *blobStore) get(id string) *blob {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byID[id]
	if !ok {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*blob)
}

// collect finds the given contents, or names those that have to be sent again.
func (s *blobStore) collect(ids []string) (found map[string]*blob, need []string) {
	found = make(map[string]*blob, len(ids))
	for _, id := range ids {
		if _, seen := found[id]; seen {
			continue
		}
		if b := s.get(id); b != nil {
			found[id] = b
		} else {
			need = append(need, id)
		}
	}
	return found, need
}
