//go:build linux && (amd64 || arm64)

package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// enterSandbox takes from the whole process, for good, the system calls that a renderer never needs: opening files, sockets,
// starting programs, looking into other processes. They fail with EPERM from then on, whatever a template or a library tries.
// It answers "seccomp", or "unavailable: …" where the kernel does not offer it.
func enterSandbox() string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return "unavailable: " + err.Error()
	}
	filter := sandboxFilter()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if r, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program))); errno != 0 {
		return "unavailable: " + errno.Error()
	} else if r != 0 {
		return "unavailable: a thread refused the filter"
	}
	return "seccomp"
}

// sandboxFilter compares the architecture and the call number; offsets are those of struct seccomp_data (seccomp(2)).
func sandboxFilter() []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atMost = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		ret    = unix.BPF_RET | unix.BPF_K
		x32    = 0x40000000
		deny   = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	f := []unix.SockFilter{
		{Code: load, K: 4},
		{Code: equal, K: auditArch, Jt: 1},
		{Code: ret, K: deny},
		{Code: load, K: 0},
		{Code: atMost, K: x32, Jf: 1},
		{Code: ret, K: deny},
	}
	for _, number := range deniedCalls {
		f = append(f, unix.SockFilter{Code: equal, K: uint32(number), Jf: 1}, unix.SockFilter{Code: ret, K: deny})
	}
	return append(f, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
}

var deniedCalls = append([]int{
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN,
	unix.SYS_EXECVE, unix.SYS_EXECVEAT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_USERFAULTFD, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_MOUNT, unix.SYS_CHROOT, unix.SYS_UNSHARE, unix.SYS_SETNS,
}, legacyCalls...)
