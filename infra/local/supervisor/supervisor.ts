import { FairleadError } from '@fairlead/errors'
import { breakRelease, commitNewTag, type DemoResult, driftLiveObject } from '../demo/actions.ts'
import { type Access, writeAccess } from './access.ts'
import { type ControlHandler, serveControl } from './control-server.ts'
import type { FleetObserver } from './fleet-observer.ts'
import type { Change, Journal } from './journal.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'
import type { UnitState } from './unit.ts'

/** `ready`: every program answers; `healthy`: and every demo application is; `unhealthy`: the programs run, an application does not come up. */
export type SupervisorState = 'starting' | 'ready' | 'healthy' | 'unhealthy' | 'failed' | 'stopping'

/** One line of `GET /events`. */
export type SupervisorEvent = { readonly change: Change } | { readonly state: SupervisorState; readonly reason?: string }

export interface Status {
  readonly state: SupervisorState
  readonly reason?: string
  readonly access: Access
  readonly programs: readonly {
    readonly name: string
    readonly state: UnitState
    readonly pid?: number
    readonly restarts: number
    readonly logFile?: string
  }[]
}

export interface SupervisorOptions extends StackOptions {
  readonly journal: Journal
  /** Without one the stack counts as healthy as soon as it is ready. */
  readonly observer?: FleetObserver
  /** How long applications may take to become Healthy once everything is ready. Default 300,000. */
  readonly healthyTimeoutMs?: number
  /** Called when somebody asked for a stop through the socket. */
  readonly onStop: () => void
}

/** A stack with a control socket and a state that others can follow. */
export interface Supervisor extends AsyncDisposable {
  readonly access: Access
  readonly state: SupervisorState
  /** Settles when the stack is healthy; rejects with the reason when it cannot be started or does not become healthy. */
  readonly healthy: Promise<void>
  /** Calls `listener` with what has happened so far and from now on. */
  follow(listener: (event: SupervisorEvent) => void): Disposable
}

/** Starts a stack and its control socket; returns while the stack still starts. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const stack = await startStack(options)
  const access = await writeAccess(stack.parts)
  const stopping = new AbortController()
  const state = new StateFeed()
  const follow = (listener: (event: SupervisorEvent) => void): Disposable => {
    const changes = options.journal.follow((change) => listener({ change }))
    const states = state.follow(listener)
    return {
      [Symbol.dispose]() {
        changes[Symbol.dispose]()
        states[Symbol.dispose]()
      },
    }
  }
  const control = await serveControl({
    socket: options.folder.socket,
    routes: routes(stack, access, state, options.onStop),
    events: (write) => follow((event) => write(JSON.stringify(event))),
  })
  const healthy = becomeHealthy(stack, access, state, options, stopping.signal)
  healthy.catch(() => undefined)
  return {
    access,
    get state() {
      return state.current.state
    },
    healthy,
    follow,
    async [Symbol.asyncDispose]() {
      state.set('stopping')
      stopping.abort()
      await stack[Symbol.asyncDispose]()
      await control[Symbol.asyncDispose]()
    },
  }
}

async function becomeHealthy(
  stack: Stack,
  access: Access,
  state: StateFeed,
  options: SupervisorOptions,
  signal: AbortSignal,
): Promise<void> {
  const { observer } = options
  const say = (text: string) => stack.journal.add('fleet', text)
  try {
    await stack.ready
  } catch (error) {
    if (!signal.aborted) state.set('failed', reasonOf(error))
    throw error
  }
  state.set('ready')
  if (observer && stack.parts.demo) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(options.healthyTimeoutMs ?? 300_000)])
    try {
      await observer.untilHealthy(access, say, limit)
    } catch (error) {
      if (!signal.aborted) state.set('unhealthy', reasonOf(error))
      throw error
    }
  }
  state.set('healthy')
  observer?.follow(access, say, signal).catch((error: unknown) => {
    if (!signal.aborted) say(`changes of the fleet are no longer shown: ${reasonOf(error)}`)
  })
}

function routes(stack: Stack, access: Access, state: StateFeed, onStop: () => void): Record<string, ControlHandler> {
  const demo = (act: (parts: Stack['parts']) => Promise<DemoResult>) => async () => {
    const result = await act(stack.parts)
    stack.journal.add('fleet', result.text)
    return result
  }
  const repository = () => {
    if (stack.parts.demo) return stack.parts.demo
    throw new FairleadError('NOT_FOUND', 'this stack has no demo fleet')
  }
  return {
    'GET /status': async () => status(stack, access, state),
    'POST /stop': async () => onStop(),
    'POST /kill': async (body) => stack.unit(field(body, 'process')).kill(signalOf(body)),
    'POST /pause': async (body) => stack.unit(field(body, 'process')).pause(),
    'POST /resume': async (body) => stack.unit(field(body, 'process')).resume(),
    'POST /demo/commit': demo(() => commitNewTag(repository())),
    'POST /demo/break': demo(() => breakRelease(repository())),
    'POST /demo/drift': demo(async (parts) => driftLiveObject(await parts.cluster(parts.clusters[0] ?? ''))),
  }
}

function status(stack: Stack, access: Access, feed: StateFeed): Status {
  const programs = [...stack.units.values()].map(({ name, state, pid, restarts, logFile }) => ({
    name,
    state,
    restarts,
    ...(pid !== undefined && { pid }),
    ...(logFile !== undefined && { logFile }),
  }))
  return { ...feed.current, access, programs }
}

/** The state now, for those who ask and those who follow. */
class StateFeed {
  current: { state: SupervisorState; reason?: string } = { state: 'starting' }
  readonly #listeners = new Set<(event: SupervisorEvent) => void>()

  set(state: SupervisorState, reason?: string): void {
    this.current = { state, ...(reason !== undefined && { reason }) }
    for (const listener of this.#listeners) listener(this.current)
  }

  follow(listener: (event: SupervisorEvent) => void): Disposable {
    listener(this.current)
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }
}

function field(body: unknown, name: string): string {
  const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
  if (typeof value !== 'string') throw new FairleadError('BAD_USER_INPUT', `the body must have a text field "${name}"`)
  return value
}

function signalOf(body: unknown): NodeJS.Signals {
  const signal = field(body, 'signal')
  if (!/^SIG(KILL|TERM|INT|HUP|STOP|CONT|USR1|USR2)$/.test(signal))
    throw new FairleadError('BAD_USER_INPUT', `${signal} is no signal to send`)
  return signal as NodeJS.Signals
}

/** A failure in a few lines: what, what the program said, what to do. */
export function reasonOf(error: unknown): string {
  const { message, cause, next } = FairleadError.from(error)
  const said = cause === undefined ? [] : [cause instanceof Error ? cause.message : String(cause)]
  return [message, ...said, `next: ${next}`].filter((line) => line !== '').join('\n')
}
