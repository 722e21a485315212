import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify, isAlive, type ProcessIdentity } from './identity.ts'
import { startProgram } from './program.ts'
import { poll, until } from './ready.ts'
import { reap, records } from './run-folder.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = temporaryFolder('program')
})
afterEach(() => folder[Symbol.dispose]())

const runFolder = () => join(folder.path, 'run')
const shell = (script: string, more: { stopTimeoutMs?: number } = {}) =>
  startProgram({ name: 'child', file: '/bin/sh', args: ['-c', script], logFile: join(folder.path, 'log'), runFolder: runFolder(), ...more })

/** The number that the shell wrote to a file, once it has. */
async function pidFrom(file: string): Promise<ProcessIdentity> {
  return until('a process id', async () => (existsSync(file) ? identify(Number(readFileSync(file, 'utf8'))) : undefined), {
    timeoutMs: 10_000,
  })
}

describe('a started program', () => {
  it('appends what it says to its log and tells how it ended', async () => {
    const program = await shell('echo out; echo err >&2; exit 3')
    expect(await program.exited).toEqual({ code: 3, signal: null })
    expect(readFileSync(program.logFile, 'utf8')).toBe('out\nerr\n')
    expect(program.logTail()).toBe('the end of log:\nout\nerr')
  })

  it('blames nothing on this start that an earlier one has said', async () => {
    await (await shell('echo earlier')).exited
    const program = await shell('exit 1')
    await program.exited
    expect(program.logTail()).toBe('')
  })

  it('takes along what it started, and leaves no record', async () => {
    const program = await shell(`sleep 600 & echo $! > ${folder.path}/grandchild; wait`)
    const grandchild = await pidFrom(join(folder.path, 'grandchild'))
    expect(records(runFolder()).map((entry) => entry.pid)).toEqual([program.pid])
    await program[Symbol.asyncDispose]()
    expect(await poll(() => !isAlive(grandchild), 5_000)).toBe(true)
    expect(readdirSync(runFolder())).toEqual([])
  })

  it('is killed when it does not end by itself in time', async () => {
    const program = await shell(`trap '' TERM; echo $$ > ${folder.path}/ready; while :; do sleep 1; done`, { stopTimeoutMs: 100 })
    await pidFrom(join(folder.path, 'ready'))
    await program[Symbol.asyncDispose]()
    expect((await program.exited).signal).toBe('SIGKILL')
  })

  it('that cannot be started is an error that names it', async () => {
    const start = startProgram({
      name: 'nothing',
      file: join(folder.path, 'missing'),
      args: [],
      logFile: join(folder.path, 'log'),
      runFolder: runFolder(),
    })
    await expect(start).rejects.toThrow(/nothing could not be started/)
  })

  it('does not outlive a parent that was killed, even when its folder is gone by then', async () => {
    const fixture = fileURLToPath(new URL('testdata/starts-a-program.ts', import.meta.url))
    const parent = spawn(process.execPath, [fixture, folder.path, 'sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))))
    const child = identify(pid)!
    folder[Symbol.dispose]()
    parent.kill('SIGKILL')
    expect(await poll(() => !isAlive(child), 10_000)).toBe(true)
  })
})

describe('reap', () => {
  it('ends what a record names and empties the folder', async () => {
    const program = await shell('sleep 600')
    expect(await reap(runFolder())).toEqual(['child'])
    expect((await program.exited).signal).toBe('SIGTERM')
    expect(readdirSync(runFolder())).toEqual([])
  })

  it('never touches a process that got the id of a recorded one later', async () => {
    const bystander = await shell('sleep 600')
    const [entry] = records(runFolder())
    const other = join(folder.path, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'stale.pid'), `${entry!.pid} SIGKILL ${entry!.start}0\n`)
    expect(await reap(other)).toEqual([])
    expect(readdirSync(other)).toEqual([])
    expect(isAlive(entry!)).toBe(true)
    await bystander[Symbol.asyncDispose]()
  })

  it('does nothing where nothing was recorded', async () => {
    expect(await reap(join(folder.path, 'nowhere'))).toEqual([])
  })
})
