import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('watchdog.sh', import.meta.url))
const guarded = new Set<string>()
let watchdog: ChildProcess | undefined

/**
 * Makes sure that what `runFolder` records ends when this process does, even by SIGKILL. One small shell process serves all folders of
 * this process; it reads them from a pipe, and the end of the pipe is its signal. It runs in a session of its own, so that Ctrl-C in a
 * terminal does not take it away before its work.
 */
export function guard(runFolder: string): void {
  if (guarded.has(runFolder)) return
  if (watchdog === undefined || watchdog.exitCode !== null || watchdog.signalCode !== null) {
    watchdog = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    watchdog.on('error', () => undefined)
    watchdog.stdin?.on('error', () => undefined)
    watchdog.unref()
    // The pipe must not keep this process alive.
    ;(watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.()
    guarded.clear()
  }
  guarded.add(runFolder)
  watchdog.stdin?.write(`${runFolder}\n`)
}
