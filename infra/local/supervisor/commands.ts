import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isAlive } from '../process/identity.ts'
import { poll } from '../process/ready.ts'
import { reap } from '../process/run-folder.ts'
import { accessText } from './access.ts'
import { askSupervisor, followSupervisor } from './control-client.ts'
import { createDataFolder, type DataFolder, deleteDataFolder } from './data-folder.ts'
import type { FleetObserver } from './fleet-observer.ts'
import { type Change, Journal } from './journal.ts'
import { lockHolder, releaseLock, takeLock } from './lock.ts'
import type { NodeProcess } from './node-process.ts'
import { reasonOf, type Status, type SupervisorEvent, startSupervisor } from './supervisor.ts'

export interface CommandOptions {
  readonly folder: DataFolder
  readonly databaseUrl?: string
  readonly observer?: FleetObserver
  /** See `StackOptions`, for these three. */
  readonly audit?: boolean
  readonly clusters?: readonly string[]
  readonly processes?: readonly NodeProcess[]
  readonly print: (text: string) => void
  /** File and arguments that start this very program in the background. */
  readonly background: readonly string[]
}

/** `start`: supervises in the foreground until Ctrl-C. Gives the exit code. */
export async function start(options: CommandOptions, detached = false): Promise<number> {
  const { folder, print } = options
  createDataFolder(folder)
  const holder = takeLock(folder.supervisor, detached)
  if (holder) return alreadyRunning(options)
  const began = Date.now()
  const journal = new Journal()
  const stop = Promise.withResolvers<void>()
  const signals = onSignals(folder, print, () => stop.resolve())
  using printing = journal.follow((change) => print(lineOf(change)))
  try {
    await using supervisor = await startSupervisor({
      folder,
      journal,
      onStop: () => stop.resolve(),
      ...(options.databaseUrl !== undefined && { databaseUrl: options.databaseUrl }),
      ...(options.observer && { observer: options.observer }),
      ...(options.audit !== undefined && { audit: options.audit }),
      ...(options.clusters && { clusters: options.clusters }),
      ...(options.processes && { processes: options.processes }),
    })
    const outcome = await Promise.race([
      stop.promise.then(() => 'stop' as const),
      supervisor.healthy.then(
        () => 'healthy' as const,
        (error: unknown) => error,
      ),
    ])
    if (outcome === 'healthy') {
      print(`\nFairlead is up after ${seconds(Date.now() - began)}.\n\n${accessText(supervisor.access)}\n`)
      await stop.promise
    } else if (outcome !== 'stop') {
      print(`\n${reasonOf(outcome)}\n`)
      if (supervisor.state === 'failed') return 1
      // The programs run; somebody may want to look.
      print(accessText(supervisor.access))
      await stop.promise
    }
    print(detached ? 'stopping' : 'stopping; Ctrl-C again to kill')
    return 0
  } catch (error) {
    print(reasonOf(error))
    return 1
  } finally {
    printing[Symbol.dispose]()
    // A kill that is under way ends this process itself: what it killed makes the orderly stop look complete.
    await signals.killing
    signals.restore()
    releaseLock(folder.supervisor)
  }
}

/** `start --detach`: starts in the background, waits until the applications are Healthy, and leaves it running. */
export async function startDetached(options: CommandOptions): Promise<number> {
  const { folder, print } = options
  createDataFolder(folder)
  if (lockHolder(folder.supervisor)) {
    print('Fairlead is running already.')
  } else {
    mkdirSync(folder.logs, { recursive: true, mode: 0o700 })
    const log = openSync(join(folder.logs, 'supervisor.log'), 'a', 0o600)
    const child = spawn(process.execPath, [...options.background], { detached: true, stdio: ['ignore', log, log], env: process.env })
    closeSync(log)
    let ended = false
    child.once('exit', () => {
      ended = true
    })
    child.unref()
    const isUp = async () => (await askSupervisor(folder.socket, 'GET', '/status')) !== undefined
    while (!ended && !(await isUp())) await pause(50)
  }
  return waitHealthy(folder, print)
}

/** Prints what a running supervisor says until it is healthy or has a reason why not. */
async function waitHealthy(folder: DataFolder, print: (text: string) => void): Promise<number> {
  for await (const event of followSupervisor<SupervisorEvent>(folder.socket)) {
    if ('change' in event) {
      print(lineOf(event.change))
      continue
    }
    if (event.state === 'healthy') {
      const status = await askSupervisor<Status>(folder.socket, 'GET', '/status')
      if (status) print(`\nFairlead is up.\n\n${accessText(status.access)}\n\nIt stays up until npm stop.`)
      return 0
    }
    if (event.state === 'unhealthy' || event.state === 'failed') {
      print(`\n${event.reason ?? event.state}`)
      return 1
    }
  }
  print(`Fairlead ended before it was up; see ${join(folder.logs, 'supervisor.log')}`)
  return 1
}

/** `stop`: ends a running stack, or what a killed supervisor left behind. */
export async function stop(folder: DataFolder, print: (text: string) => void): Promise<number> {
  const holder = lockHolder(folder.supervisor)
  if (holder === undefined) {
    const left = await reap(folder.run)
    print(left.length > 0 ? `ended what an earlier start had left: ${left.join(', ')}` : 'nothing is running here')
    return 0
  }
  print('stopping')
  const asked = await askSupervisor(folder.socket, 'POST', '/stop').catch(() => undefined)
  if (asked === undefined && isAlive(holder)) process.kill(holder.pid, 'SIGTERM')
  if (!(await poll(() => !isAlive(holder), 60_000))) {
    print('it did not end in a minute and is killed')
    if (isAlive(holder)) process.kill(holder.pid, 'SIGKILL')
    await poll(() => !isAlive(holder), 5_000)
  }
  await reap(folder.run)
  print('stopped')
  return 0
}

/** `--fresh`: stops what runs and deletes everything that was kept. */
export async function startOver(folder: DataFolder, print: (text: string) => void): Promise<void> {
  if (lockHolder(folder.supervisor)) await stop(folder, print)
  else await reap(folder.run)
  deleteDataFolder(folder)
}

async function alreadyRunning({ folder, print }: CommandOptions): Promise<number> {
  const status = await askSupervisor<Status>(folder.socket, 'GET', '/status')
  print(status ? `Fairlead is running already (${status.state}).\n\n${accessText(status.access)}` : 'Fairlead is being started already.')
  return 0
}

interface Signals {
  /** Set by the second signal; never settles, for the process ends first. */
  readonly killing: Promise<never> | undefined
  restore(): void
}

/** First Ctrl-C (or SIGTERM, or the terminal going away): an orderly stop. The second: everything is killed at once. */
function onSignals(folder: DataFolder, print: (text: string) => void, stop: () => void): Signals {
  let asked = false
  let killing: Promise<never> | undefined
  const kill = async (): Promise<never> => {
    print('killing everything')
    await reap(folder.run, 0).catch(() => undefined)
    releaseLock(folder.supervisor)
    process.exit(130)
  }
  const handle = () => {
    if (asked) killing ??= kill()
    asked = true
    stop()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, handle)
  return {
    get killing() {
      return killing
    },
    restore() {
      for (const signal of signals) process.off(signal, handle)
    },
  }
}

function lineOf(change: Change): string {
  const time = new Date(change.at).toTimeString().slice(0, 8)
  return change.text
    .split('\n')
    .map((line, index) => (index === 0 ? `${time}  ${line}` : `          ${line}`))
    .join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
