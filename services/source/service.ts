import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import {
  type NewEvent,
  RecordedError,
  RepositoryFailed,
  RepositoryRecovered,
  RepositoryRegistered,
  repositoryStream,
} from '@fairlead/events'
import { type Actor, type StreamAppend, uuid7 } from '@fairlead/ledger'
import type { Logger } from 'pino'
import type { ApplicationRenderer } from './application/render-application.ts'
import { type Round, roundEvents } from './diff/round.ts'
import type { Repositories } from './repository/repositories.ts'
import type { Repository } from './repository/repository.ts'
import type { ApplicationMemo, FleetEvaluator } from './revision/evaluate.ts'
import { Poller, type PollerOptions } from './revision/poller.ts'
import { RoundContext } from './revision/round-context.ts'
import { Settled } from './revision/settled.ts'
import { toRound } from './revision/to-round.ts'
import { usedRefs } from './revision/used-refs.ts'
import type { FollowedState, SourceLedger } from './state/follow.ts'
import type { RegisteredRepository } from './state/state.ts'

export const sourceActor: Actor = { kind: 'service', name: 'source', authenticatedBy: 'process' }

export interface SourceServiceDeps {
  readonly ledger: SourceLedger
  readonly followed: FollowedState
  readonly repositories: Repositories
  readonly evaluator: FleetEvaluator
  readonly applications: ApplicationRenderer
  readonly poller: PollerOptions
  readonly log: Logger
}

interface Pending {
  via: Round['via']
  readonly hard: Set<string>
}

const minIntervalMs = 5_000
const firstRetryMs = 5_000
const maxRetryMs = 600_000

/** Follows the repositories of the fleets and keeps the log level with what they declare and render to. */
export class SourceService implements AsyncDisposable {
  readonly #deps: SourceServiceDeps
  readonly #poller: Poller
  readonly #settled = new Settled()
  readonly #stop = new AbortController()
  #memos: ReadonlyMap<string, ApplicationMemo> = new Map()
  #intervals: ReadonlyMap<string, number> = new Map()
  /** Repositories that the last round looked at; the others are not asked any more. */
  #used: ReadonlySet<Repository> = new Set()
  #pending: Pending | undefined
  #wake: () => void = () => {}
  #retry: NodeJS.Timeout | undefined
  #retries = 0
  #waiting: (() => void)[] = []
  #running: Promise<void> = Promise.resolve()

  constructor(deps: SourceServiceDeps) {
    this.#deps = deps
    this.#poller = new Poller(deps.poller, {
      repositories: () => [...this.#used],
      intervals: () => this.#intervals,
      onMoved: () => this.trigger('poll'),
      onAnswer: (repository, error) => this.#noteAnswer(repository, error),
    })
  }

  /** Starts polling and processing; the first round follows at once. */
  start(): void {
    this.#running = this.#run()
    this.trigger('start')
    this.#poller.start()
  }

  /** Asks for a round; several wishes become one. */
  trigger(via: Round['via'], hard: readonly string[] = []): void {
    this.#pending ??= { via, hard: new Set() }
    for (const id of hard) this.#pending.hard.add(id)
    this.#wake()
  }

  /** Resolves when everything that was asked for until now has been processed. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#wake()
    })
  }

  /** Follows a fleet repository from now on. */
  async register(fleet: RegisteredRepository): Promise<void> {
    await this.#deps.followed.caughtUp()
    const known = this.#deps.followed.state.repositories.get(fleet.repository)
    const event = RepositoryRegistered.of(fleet)
    if (known && JSON.stringify(known) === JSON.stringify(event.data)) return
    await this.#append([{ stream: repositoryStream(fleet.repository), expected: 'any', events: [event] }], uuid7())
    await this.#deps.followed.caughtUp()
    this.trigger('start')
  }

  /** Somebody says that these repositories have moved (identities, as `host/path`); they are asked. Answers how many are followed. */
  async hint(identities: readonly string[]): Promise<number> {
    const repositories = await this.#deps.repositories.matching(identities)
    const moved = await this.#poller.ask(repositories, true)
    if (moved.length > 0) this.trigger('webhook')
    return repositories.length
  }

  /** Asks the repositories of an application now; `hard` also renders it again. */
  async refresh(application: string, hard: boolean): Promise<void> {
    const sources = this.#memos.get(application)?.preparation.sources.map(({ repository }) => repository) ?? []
    const fleets = await Promise.allSettled(this.#fleets().map(({ url }) => this.#deps.repositories.get(url)))
    const asked = new Set([...sources, ...fleets.flatMap((fleet) => (fleet.status === 'fulfilled' ? [fleet.value] : []))])
    await this.#poller.ask([...asked])
    this.trigger('refresh', hard ? [application] : [])
  }

  /** A look at the repositories as they are now, for what is rendered outside of rounds. */
  look(): RoundContext {
    return new RoundContext(this.#deps.repositories, async (repository) => {
      await this.#poller.ask([repository])
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#retry)
    this.#poller[Symbol.dispose]()
    this.#wake()
    await this.#running
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      const pending = this.#pending
      this.#pending = undefined
      if (!pending) {
        for (const resolve of this.#waiting.splice(0)) resolve()
        await new Promise<void>((resolve) => {
          this.#wake = resolve
          if (signal.aborted || this.#pending || this.#waiting.length > 0) resolve()
        })
        continue
      }
      try {
        await this.#round(pending)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        const { code, message } = FairleadError.from(error)
        this.#deps.log.error({ code }, `the fleet could not be processed: ${message}`)
        this.trigger(pending.via, [...pending.hard])
        await pause(Math.min(30_000, 500 * 2 ** failures++), undefined, { signal }).catch(() => {})
      }
    }
  }

  async #round({ via, hard }: Pending): Promise<void> {
    const { followed, repositories, evaluator, applications, log } = this.#deps
    const { signal } = this.#stop
    for (;;) {
      const started = performance.now()
      await followed.caughtUp(signal)
      const { state } = followed
      const fleets = this.#fleets()
      if (fleets.length === 0) return
      for (const fleet of fleets) nameQuietly(repositories, fleet)
      const context = this.look()
      const rendersBefore = applications.renders
      const clusters = [...state.clusters.values()]
      const evaluation = await evaluator.evaluate(
        {
          ...{ fleets, hard, memos: this.#memos, known: state.applications },
          clusters: clusters.map(({ id, server, labels }) => ({ name: id, server, labels, annotations: {} })),
          ...{ commitOf: context.commitOf, changedPaths: context.changedPaths },
        },
        signal,
      )
      this.#memos = evaluation.applications
      this.#used = context.used
      this.#intervals = intervalsOf(evaluation.applications.values())
      const renders = applications.renders - rendersBefore
      const tookMs = performance.now() - started
      const refs = await usedRefs(context.refs(), state.observed, this.#deps.ledger.subjects)
      const round: Round = { ...toRound(evaluation, state.applications, clusters, this.#settled), refs, via, renders, tookMs }
      const events = roundEvents(round, state)
      if (events.size > 0 && !(await this.#appendRound(events))) continue // another process was faster: look again
      this.#retryLater(evaluation.applications.values())
      log.debug({ via, applications: evaluation.applications.size, renders, streams: events.size, tookMs: Math.round(tookMs) }, 'processed')
      return
    }
  }

  /** False when the log has moved on under us. */
  async #appendRound(events: ReadonlyMap<string, readonly NewEvent[]>): Promise<boolean> {
    const { followed } = this.#deps
    const streams = [...events].map(([stream, list]): StreamAppend => {
      const expected = stream.startsWith('repository-') ? (followed.versions.get(stream) ?? 0) : 'any'
      return { stream, expected, events: list }
    })
    const written = await this.#append(streams, uuid7())
    await followed.caughtUp(this.#stop.signal)
    return written
  }

  async #append(streams: readonly StreamAppend[], correlation: string): Promise<boolean> {
    const result = await this.#deps.ledger.append({ streams, context: { actor: sourceActor, correlation } }, this.#stop.signal)
    return result.outcome !== 'conflict'
  }

  #fleets(): RegisteredRepository[] {
    return [...this.#deps.followed.state.repositories.values()].filter(({ role }) => role === 'fleet')
  }

  /** What failed for a passing reason is tried again by itself, ever more seldom. */
  #retryLater(applications: Iterable<ApplicationMemo>): void {
    clearTimeout(this.#retry)
    const passing = [...applications].some(({ entry }) => !entry.ok && entry.error.retryable)
    this.#retries = passing ? this.#retries + 1 : 0
    if (!passing) return
    const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (this.#retries - 1))
    this.#retry = setTimeout(() => this.trigger('poll'), waitMs)
  }

  /** The log learns when a repository begins and ceases to fail, not of every attempt. */
  #noteAnswer(repository: Repository, error: FairleadError | undefined): void {
    const { state } = this.#deps.followed
    const failing = state.failing.get(repository.id)
    if (!error && failing === undefined) return
    if (error && failing === `${error.code} ${error.message}`) return
    const event = error
      ? RepositoryFailed.of({ repository: repository.id, error: RecordedError.parse(error.toJSON()) })
      : RepositoryRecovered.of({ repository: repository.id })
    if (error) this.#deps.log.warn({ repository: repository.id, code: error.code }, `repository: ${error.message}`)
    this.#append([{ stream: repositoryStream(repository.id), expected: 'any', events: [event] }], uuid7()).catch((failure: unknown) => {
      this.#deps.log.warn({ repository: repository.id }, `not recorded: ${FairleadError.from(failure).message}`)
    })
  }
}

/** A fleet with a URL that is refused is reported when it is read. */
function nameQuietly(repositories: Repositories, { url, repository }: RegisteredRepository): void {
  try {
    repositories.name(url, repository)
  } catch (error) {
    if (!FairleadError.is(error)) throw error
  }
}

/** The shortest interval that any declaration asks for, by repository id. */
function intervalsOf(
  applications: Iterable<{ readonly spec: { readonly intervalMs?: number | undefined } } & ApplicationMemo>,
): Map<string, number> {
  const intervals = new Map<string, number>()
  for (const { spec, preparation } of applications) {
    if (spec.intervalMs === undefined) continue
    for (const { repository } of preparation.sources) {
      const wished = Math.max(minIntervalMs, spec.intervalMs)
      intervals.set(repository.id, Math.min(wished, intervals.get(repository.id) ?? wished))
    }
  }
  return intervals
}
