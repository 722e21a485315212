//go:build !linux || !(amd64 || arm64)

package main

// enterSandbox has nothing to lean on here; the other layers (no file system handed to the libraries, remote and plugin constructs
// refused before they are reached, an empty PATH) stand alone.
func enterSandbox() string { return "unavailable" }
