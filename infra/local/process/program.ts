import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { readFrom } from './log-file.ts'
import { forget, record, signalGroup } from './run-folder.ts'
import { guard, unguard } from './watchdog.ts'

/** How a process ended: with a code or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProgramSpec {
  /** Unique in its run folder; also the name in messages. */
  readonly name: string
  /** The executable. */
  readonly file: string
  readonly args: readonly string[]
  /** The whole environment apart from PATH, HOME, TMPDIR and LANG, which are passed on. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard output and error are appended here; a log of more than 20 MB is set aside as `<log>.1` first. */
  readonly logFile: string
  /** Where the process is recorded while it runs (`run-folder.ts`). */
  readonly runFolder: string
  /** The signal that ends it in good order. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** After this long SIGKILL follows. Default 10,000. */
  readonly stopTimeoutMs?: number
  readonly uid?: number
  readonly gid?: number
}

/** A process that this process started, in a process group of its own. Disposing ends the group and waits for it. */
export interface Program extends AsyncDisposable {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<Exit>
  /** Sends a signal to the whole group. Nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void
  /** The end of what it has said since this start, for messages. */
  logTail(): string
}

const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'] as const
const maxLogBytes = 20 * 1024 * 1024

/** Starts a program. Returns as soon as the process exists; whether it is ready is for the caller to ask it. */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const stopSignal = spec.stopSignal ?? 'SIGTERM'
  const log = openLog(spec.logFile)
  const logStart = fstatSync(log).size
  let child: ChildProcess
  try {
    child = spawn(spec.file, [...spec.args], {
      cwd: spec.cwd,
      env: { ...passedOn(), ...spec.env },
      stdio: ['ignore', log, log],
      detached: true,
      ...(spec.uid !== undefined && { uid: spec.uid }),
      ...(spec.gid !== undefined && { gid: spec.gid }),
    })
  } finally {
    closeSync(log)
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid!))
    child.once('error', (cause) =>
      reject(new FairleadError('PROGRAM_FAILED', `${spec.name} could not be started: ${cause.message}`, { cause })),
    )
  })
  const entry = record(spec.runFolder, spec.name, pid, stopSignal)
  if (entry) guard(entry)

  let ended = false
  const gone = exited.then((exit) => {
    ended = true
    // What it started in its own group goes with it; the group's id cannot have been given away while a member lives.
    signalGroup(pid, 'SIGKILL')
    if (entry) {
      forget(spec.runFolder, entry)
      unguard(entry)
    }
    return exit
  })
  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    exited: gone,
    kill(signal) {
      if (!ended) signalGroup(pid, signal)
    },
    logTail: () => tail(spec.logFile, logStart),
    async [Symbol.asyncDispose]() {
      if (ended) return
      signalGroup(pid, stopSignal)
      const force = setTimeout(() => signalGroup(pid, 'SIGKILL'), spec.stopTimeoutMs ?? 10_000)
      await gone
      clearTimeout(force)
    },
  }
}

function passedOn(): Record<string, string> {
  return Object.fromEntries(inherited.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

function tail(file: string, start: number): string {
  try {
    const from = Math.max(start, statSync(file).size - 4_096)
    const lines = readFrom(file, from).trimEnd().split('\n').slice(-6)
    return lines.join('') === '' ? '' : [`the end of ${basename(file)}:`, ...lines].join('\n')
  } catch {
    return ''
  }
}
