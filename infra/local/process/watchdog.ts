import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from './run-folder.ts'

const script = fileURLToPath(new URL('watchdog.sh', import.meta.url))
let watchdog: ChildProcess | undefined
const guarded = new Set<RunRecord>()

/**
 * Makes sure that a program ends when this process does, even by SIGKILL. One small shell process knows all programs of this process from a
 * pipe, and the end of the pipe is its signal. It runs in a session of its own, so that Ctrl-C in a terminal does not take it away
 * before its work.
 */
export function guard(program: RunRecord): void {
  guarded.add(program)
  if (watchdog !== undefined && watchdog.exitCode === null && watchdog.signalCode === null) {
    tell(watchdog, program)
    return
  }
  watchdog = startWatchdog()
  for (const each of guarded) tell(watchdog, each)
}

/** A program that has ended need not be told to a later watchdog. */
export function unguard(program: RunRecord): void {
  guarded.delete(program)
}

function tell(child: ChildProcess, program: RunRecord): void {
  child.stdin?.write(`${program.pid} ${program.signal} ${program.start}\n`)
}

function startWatchdog(): ChildProcess {
  const child = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.on('error', () => undefined)
  child.stdin?.on('error', () => undefined)
  // Neither the process nor the pipe may keep this process alive.
  child.unref()
  ;(child.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  return child
}
