package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"sync"
)

//go:embed *.go go.mod go.sum
var sources embed.FS

// sourceVersion is the digest of the rendering code and of the pinned versions of its libraries: equal on every platform, different
// as soon as a render could come out differently. It is part of every render key.
var sourceVersion = sync.OnceValue(func() string {
	entries, err := sources.ReadDir(".")
	if err != nil {
		return "unknown"
	}
	h := sha256.New()
	for _, e := range entries {
		data, err := sources.ReadFile(e.Name())
		if err != nil {
			return "unknown"
		}
		h.Write([]byte(e.Name()))
		h.Write([]byte{0})
		h.Write(data)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
})
