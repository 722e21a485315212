import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { identify, isAlive } from '../process/identity.ts'
import { poll, until } from '../process/ready.ts'
import { records } from '../process/run-folder.ts'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import type { Access } from './access.ts'
import { askSupervisor } from './control-client.ts'
import { type DataFolder, dataFolder } from './data-folder.ts'
import { lockHolder } from './lock.ts'
import type { Status } from './supervisor.ts'

const program = fileURLToPath(new URL('testdata/main.ts', import.meta.url))
const waiting = { timeoutMs: 90_000 }

let folder: TemporaryFolder
let clusters: string
let data: DataFolder
beforeEach(() => {
  clusters = ''
  folder = temporaryFolder('commands')
  data = dataFolder(join(folder.path, 'data'))
})
afterEach(async () => {
  await command('stop').ended
  folder[Symbol.dispose]()
})

/** Runs the stack's command line; `output` grows while it runs. */
function command(...args: string[]): { child: ChildProcess; ended: Promise<number | null>; output: () => string } {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, FAIRLEAD_DATA: data.path, FAIRLEAD_CLUSTERS: clusters },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, output: () => output }
}

const status = () => askSupervisor<Status>(data.socket, 'GET', '/status')
const healthy = () => until('the stack', async () => ((await status())?.state === 'healthy' ? true : undefined), waiting)

it('--detach returns 0 when the stack is healthy and leaves it running until stop', async () => {
  clusters = 'east'
  const detached = command('start', '--detach')
  expect(await detached.ended, detached.output()).toBe(0)
  expect(detached.output()).toMatch(/cluster east: Kubernetes at https:\S+ ready/)
  expect(detached.output()).toContain('npx fairlead get apps')
  const seen = (await status())!
  expect(seen.programs.map(({ state }) => state)).toEqual(seen.programs.map(() => 'ready'))
  const running = seen.programs.map(({ pid }) => identify(pid!)!)

  const second = command('start')
  expect(await second.ended).toBe(0)
  expect(second.output()).toContain('running already (healthy)')
  expect(second.output()).toContain(seen.access.url)

  const stop = command('stop')
  expect(await stop.ended).toBe(0)
  expect(await status()).toBeUndefined()
  expect(running.filter(isAlive)).toEqual([])
  expect(lockHolder(data.supervisor)).toBeUndefined()
})

it('Ctrl-C stops everything that a foreground start started', async () => {
  const foreground = command('start')
  await healthy()
  const running = records(data.run)
  foreground.child.kill('SIGINT')
  expect(await foreground.ended).toBe(0)
  expect(foreground.output()).toContain('stopping')
  expect(running.length).toBe(4)
  expect(running.filter(isAlive)).toEqual([])
})

it('a second Ctrl-C kills at once what does not want to end', async () => {
  const foreground = command('start')
  await healthy()
  const running = records(data.run)
  // It cannot hear that it should end.
  await askSupervisor(data.socket, 'POST', '/kill', { process: 'hub', signal: 'SIGSTOP' })
  foreground.child.kill('SIGINT')
  await until('the first answer', async () => foreground.output().includes('stopping') || undefined, waiting)
  foreground.child.kill('SIGINT')
  expect(await foreground.ended).toBe(130)
  expect(running.filter(isAlive)).toEqual([])
  expect(lockHolder(data.supervisor)).toBeUndefined()
})

it('nothing outlives a supervisor that was killed, and the next start takes over its state', async () => {
  const first = command('start')
  await healthy()
  const running = records(data.run)
  first.child.kill('SIGKILL')
  await first.ended
  expect(await poll(() => !running.some(isAlive), 30_000)).toBe(true)
  const second = command('start', '--detach')
  expect(await second.ended, second.output()).toBe(0)
})

it('the control socket injects faults and acts on the demo fleet', async () => {
  const detached = command('start', '--detach')
  expect(await detached.ended, detached.output()).toBe(0)
  const before = (await status())!.programs.find(({ name }) => name === 'nats')!.pid
  await askSupervisor(data.socket, 'POST', '/kill', { process: 'nats', signal: 'SIGKILL' })
  await until(
    'another nats',
    async () => {
      const nats = (await status())?.programs.find(({ name }) => name === 'nats')
      return nats?.state === 'ready' && nats.pid !== before ? true : undefined
    },
    waiting,
  )
  await expect(askSupervisor(data.socket, 'POST', '/kill', { process: 'nobody', signal: 'SIGKILL' })).rejects.toThrow(
    /there is no nobody here/,
  )
  await expect(askSupervisor(data.socket, 'POST', '/kill', { process: 'nats', signal: 'SIGSEGV' })).rejects.toThrow(/no signal to send/)
  const pushed = await askSupervisor<{ text: string }>(data.socket, 'POST', '/demo/commit')
  expect(pushed?.text).toContain('storefront 1.4.1')
  const access = JSON.parse(readFileSync(data.access, 'utf8')) as Access
  expect(access).toEqual((await status())!.access)
  expect(statSync(data.access).mode & 0o777).toBe(0o600)
  expect(statSync(join(data.socket, '..')).mode & 0o777).toBe(0o700)
})
