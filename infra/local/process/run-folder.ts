import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from './identity.ts'
import { poll } from './ready.ts'

/**
 * What one run folder holds: a file `<name>.pid` for each process started and not yet seen ended, one line `pid signal start`.
 * `startProgram` writes it; `reap` reads it at the next start or stop, should a supervisor and its watchdog both have been killed.
 */
export interface RunRecord extends ProcessIdentity {
  readonly name: string
  /** The signal that asks this program to end in good order. */
  readonly signal: NodeJS.Signals
}

/** Records a process that just started. Returns undefined when it has ended already. */
export function record(folder: string, name: string, pid: number, signal: NodeJS.Signals): RunRecord | undefined {
  const identity = identify(pid)
  if (identity === undefined) return undefined
  mkdirSync(folder, { recursive: true })
  const file = fileOf(folder, name)
  writeFileSync(`${file}.new`, `${pid} ${signal} ${identity.start}\n`)
  renameSync(`${file}.new`, file)
  return { ...identity, name, signal }
}

/** Forgets a process that has ended; a newer process of the same name keeps its record. */
export function forget(folder: string, ended: RunRecord): void {
  const current = read(folder, ended.name)
  if (current?.pid === ended.pid && current.start === ended.start) rmSync(fileOf(folder, ended.name), { force: true })
}

/** Every record in `folder`, by name; an unreadable one is left out. */
export function records(folder: string): RunRecord[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.pid'))
    .sort()
    .map((name) => read(folder, name.slice(0, -'.pid'.length)))
    .filter((entry) => entry !== undefined)
}

/**
 * Ends whatever an earlier supervisor left running and empties the folder. Only a process whose start matches its record is
 * touched, with its whole group: first by its own signal, after `graceMs` by SIGKILL. Returns the names of those that still ran.
 */
export async function reap(folder: string, graceMs = 10_000): Promise<string[]> {
  const left = records(folder)
  const running = left.filter(isAlive)
  for (const entry of running) signalGroup(entry.pid, entry.signal)
  await poll(() => !running.some(isAlive), graceMs)
  for (const entry of running.filter(isAlive)) signalGroup(entry.pid, 'SIGKILL')
  await poll(() => !running.some(isAlive), 5_000)
  for (const entry of left) if (!isAlive(entry)) forget(folder, entry)
  return running.map((entry) => entry.name)
}

/** Signals a process group that this package created; a group that is gone is no error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function read(folder: string, name: string): RunRecord | undefined {
  try {
    const match = /^(\d+) (SIG[A-Z0-9]+) (.+)\n$/.exec(readFileSync(fileOf(folder, name), 'utf8'))
    return match ? { name, pid: Number(match[1]), start: match[3]!, signal: match[2] as NodeJS.Signals } : undefined
  } catch {
    return undefined
  }
}

const fileOf = (folder: string, name: string) => join(folder, `${name}.pid`)
