package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// maxFrameBytes bounds one message in either direction.
const maxFrameBytes = 256 << 20

// readFrame reads one message: its length as a big-endian uint32, then that many bytes of JSON.
func readFrame(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrameBytes {
		return nil, fmt.Errorf("frame of %d bytes", size)
	}
	body := make([]byte, size)
	_, err := io.ReadFull(r, body)
	return body, err
}

// frameWriter writes whole messages from many goroutines.
type frameWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func newFrameWriter(out io.Writer) *frameWriter { return &frameWriter{out: out} }

// write sends one message. When the other side is gone there is nobody left to serve and the process ends.
func (w *frameWriter) write(message any) {
	var body bytes.Buffer
	body.Write(make([]byte, 4))
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(message); err != nil {
		os.Exit(exitFrame)
	}
	frame := body.Bytes()
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.Write(frame); err != nil {
		os.Exit(exitFrame)
	}
}
