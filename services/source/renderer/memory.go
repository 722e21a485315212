package main

import (
	"os"
	"runtime/metrics"
	"time"
)

// endAboveMemory ends the process when its live heap passes the limit: one render is killed with it and refused, the supervisor starts
// another process for the rest. A goroutine cannot be killed, a process can.
func endAboveMemory(limit uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	for {
		metrics.Read(sample)
		if sample[0].Value.Uint64()+sample[1].Value.Uint64() > limit {
			os.Exit(exitMemory)
		}
		time.Sleep(25 * time.Millisecond)
	}
}
