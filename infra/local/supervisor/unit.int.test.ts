import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startProgram } from '../process/program.ts'
import { until } from '../process/ready.ts'
import { records } from '../process/run-folder.ts'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import { NeedFailed, Unit } from './unit.ts'

let folder: TemporaryFolder
let said: string[]
beforeEach(() => {
  folder = temporaryFolder('unit')
  said = []
})
afterEach(() => folder[Symbol.dispose]())

const waiting = { timeoutMs: 20_000 }

/** A unit whose program appends a line to `starts` each time it comes up. */
function unit(script = 'exec sleep 600', started: () => Promise<void> = async () => undefined): Unit<string> {
  return new Unit({
    name: 'sleeper',
    tier: 0,
    say: (text) => said.push(text),
    start: async () => {
      await started()
      const program = await startProgram({
        name: 'sleeper',
        file: '/bin/sh',
        args: ['-c', `echo up >> ${folder.path}/starts; ${script}`],
        logFile: join(folder.path, 'log'),
        runFolder: join(folder.path, 'run'),
      })
      return { program, value: 'a sleeper' }
    },
  })
}

/** A process exists before its shell has written; one that is ended in between has started without a line. */
const hasSaid = (lines: number) => until(`line ${lines}`, async () => (starts() === lines ? true : undefined), waiting)

const starts = () =>
  existsSync(join(folder.path, 'starts')) ? readFileSync(join(folder.path, 'starts'), 'utf8').trim().split('\n').length : 0

it('a program that was killed is restarted, and both are said', async () => {
  await using sleeper = unit()
  expect(await sleeper.ready).toBe('a sleeper')
  const before = sleeper.pid
  sleeper.kill('SIGKILL')
  await until('another process', async () => (sleeper.pid !== undefined && sleeper.pid !== before ? true : undefined), waiting)
  expect(sleeper.state).toBe('ready')
  expect(sleeper.restarts).toBe(1)
  expect(said[1]).toBe('sleeper was ended by SIGKILL; restarting in 250 ms')
  expect(said[2]).toMatch(/^sleeper is back after \d+ ms$/)
})

it('once it has been ready, a start that fails is tried again and again', async () => {
  const block = join(folder.path, 'block')
  let refused = 0
  await using sleeper = unit('exec sleep 600', async () => {
    if (!existsSync(block)) return
    refused += 1
    if (refused === 4) rmSync(block)
    throw new Error('not now')
  })
  await sleeper.ready
  await hasSaid(1)
  writeFileSync(block, '')
  sleeper.kill('SIGKILL')
  await until('a fifth attempt', async () => (sleeper.state === 'ready' && refused === 4 ? true : undefined), waiting)
  await hasSaid(2)
})

it('a program that never comes up is given up with its reason', async () => {
  await using sleeper = unit('', async () => {
    throw new Error('no such thing')
  })
  await expect(sleeper.ready).rejects.toThrow('no such thing')
  expect(sleeper.state).toBe('failed')
  expect(said.at(-1)).toBe('sleeper could not be started: no such thing')
})

it('a program whose need failed fails quietly: the need has said why', async () => {
  await using sleeper = unit('', async () => {
    throw new NeedFailed('postgres')
  })
  await expect(sleeper.ready).rejects.toThrow(NeedFailed)
  expect(said).toEqual([])
})

it('a paused program stays stopped until it is resumed', async () => {
  await using sleeper = unit()
  await sleeper.ready
  await hasSaid(1)
  await sleeper.pause()
  await until('pause', async () => (sleeper.state === 'paused' ? true : undefined), waiting)
  expect(sleeper.pid).toBeUndefined()
  expect(records(join(folder.path, 'run'))).toEqual([])
  sleeper.resume()
  await until('resume', async () => (sleeper.state === 'ready' ? true : undefined), waiting)
  await hasSaid(2)
})

it('disposing ends the program for good', async () => {
  const sleeper = unit()
  await sleeper.ready
  await hasSaid(1)
  await sleeper[Symbol.asyncDispose]()
  expect(sleeper.state).toBe('stopped')
  expect(records(join(folder.path, 'run'))).toEqual([])
  expect(starts()).toBe(1)
})

it('a program that comes up just when it is to stop is stopped', async () => {
  const gate = Promise.withResolvers<void>()
  const sleeper = unit('exec sleep 600', () => gate.promise)
  const stopped = sleeper[Symbol.asyncDispose]()
  gate.resolve()
  await stopped
  expect(records(join(folder.path, 'run'))).toEqual([])
})
