package main

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// legacyCalls are the older spellings that only this architecture has.
var legacyCalls = []int{unix.SYS_OPEN, unix.SYS_CREAT}
