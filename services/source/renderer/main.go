// Command renderer turns files of a Git tree into Kubernetes objects with the field's official libraries.
//
// One long-lived process serves many renders: length-prefixed JSON on standard input and output (frame.go, server.go). It gets every
// file it may see from its caller, by Git blob id; it has no network, no home, no working tree and, on Linux, after start no right to
// open a file, a socket or a program (sandbox_linux.go).
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	_ "time/tzdata" // date functions of charts work without the machine's zone files

	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// Exit codes that the supervisor tells apart.
const (
	exitUsage  = 2
	exitFrame  = 65
	exitMemory = 86
)

func main() {
	workers := flag.Int("workers", runtime.NumCPU()+1, "renders at once")
	memoryMiB := flag.Int("memory-mib", 1024, "heap above which the process ends itself")
	blobsMiB := flag.Int("blobs-mib", 128, "cache of file contents")
	sandbox := flag.String("sandbox", "on", "on or off (off is for profiling)")
	flag.StringVar(&shortcuts, "shortcuts", shortcutsOn, "on, off (everything through krusty) or only (what has no shortcut fails), the last two for tests")
	profile := flag.String("profile", "", "file for a CPU profile of the process, with --sandbox=off")
	version := flag.Bool("version", false, "print the version of the rendering code and exit")
	flag.Parse()
	if *version {
		fmt.Println(sourceVersion())
		return
	}
	if flag.NArg() != 0 || *workers < 1 || *memoryMiB < 64 || *blobsMiB < 1 {
		flag.Usage()
		os.Exit(exitUsage)
	}

	silence()
	openapi.Schema() // the built-in schema is parsed once, before there is concurrency
	debug.SetMaxStack(128 << 20)
	debug.SetMemoryLimit(int64(*memoryMiB) << 20 * 8 / 10)
	debug.SetGCPercent(400)
	go endAboveMemory(uint64(*memoryMiB) << 20)

	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitUsage)
		}
		defer stop()
	}
	state := "off"
	if *sandbox == "on" {
		state = enterSandbox()
	}
	out := newFrameWriter(os.Stdout)
	s := newServer(out, *workers, int64(*blobsMiB)<<20)
	out.write(map[string]any{"id": 0, "ok": map[string]any{"version": sourceVersion(), "workers": *workers, "sandbox": state}})
	if err := s.serve(bufio.NewReaderSize(os.Stdin, 1<<16)); err != nil && err != io.EOF {
		os.Exit(exitFrame)
	}
}

func startProfile(file string) (stop func(), err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, pprof.StartCPUProfile(f)
}

// silence keeps the libraries' warnings (which may quote manifests) out of the logs; a panic still reaches descriptor 2.
func silence() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}
