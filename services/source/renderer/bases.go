package main

import (
	"container/list"
	"crypto/sha256"
	"hash"
	"sync"

	"sigs.k8s.io/kustomize/api/resmap"
)

// Bounds of what is kept of parsed bases; the parsed form takes some twenty times the bytes of the files.
const (
	maxBases     = 256
	maxBaseBytes = 4 << 20
)

// bases keeps the accumulated resources of the most recently used folders, by what they consist of. What is in it is never changed.
var bases = &baseStore{byKey: map[string]*list.Element{}, order: list.New()}

type baseStore struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // front = most recent
	bytes int
}

type keptBase struct {
	key   string
	m     resmap.ResMap
	bytes int
}

func (s *baseStore) get(key string) resmap.ResMap {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[key]
	if !ok {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*keptBase).m
}

func (s *baseStore) put(key string, m resmap.ResMap, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.byKey[key]; ok || bytes > maxBaseBytes {
		return
	}
	s.byKey[key] = s.order.PushFront(&keptBase{key: key, m: m, bytes: bytes})
	s.bytes += bytes
	for s.bytes > maxBaseBytes || s.order.Len() > maxBases {
		last := s.order.Remove(s.order.Back()).(*keptBase)
		delete(s.byKey, last.key)
		s.bytes -= last.bytes
	}
}

// identity digests what a folder consists of: the Git ids of its kustomization and of what that names, in order.
type identity struct {
	hash    hash.Hash
	unknown bool
}

func newIdentity(t *tree, kustomization string) *identity {
	d := &identity{hash: sha256.New()}
	d.file(t, kustomization)
	return d
}

func (d *identity) file(t *tree, p string) {
	id, ok := t.idOf(p)
	if !ok {
		d.unknown = true
		return
	}
	d.add('f', id)
}

func (d *identity) folder(id []byte) {
	if id == nil {
		d.unknown = true
	}
	d.add('d', string(id))
}

func (d *identity) absent() { d.add('-', "") }

func (d *identity) add(kind byte, id string) {
	d.hash.Write([]byte{kind, byte(len(id))})
	d.hash.Write([]byte(id))
}

func (d *identity) sum() []byte {
	if d.unknown {
		return nil
	}
	return d.hash.Sum(nil)
}
