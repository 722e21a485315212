import { FairleadError } from '@fairlead/errors'
import type { Repository } from '../repository/repository.ts'

export interface PollerOptions {
  /** Between two questions to a repository that answers, unless its declarations ask for another. */
  readonly intervalMs: number
  /** Longest pause after repeated failures. */
  readonly maxBackoffMs: number
  /** Repositories asked at once. */
  readonly atOnce: number
}

interface Schedule {
  dueAt: number
  failures: number
}

/** A fifth more or less, so that repositories spread. */
const jitter = () => 0.8 + Math.random() * 0.4

/** Asks each repository from time to time whether it has moved; backs off from those that fail. */
export class Poller implements Disposable {
  readonly #options: PollerOptions
  readonly #repositories: () => readonly Repository[]
  readonly #intervals: () => ReadonlyMap<string, number>
  readonly #onMoved: (repository: Repository) => void
  readonly #onAnswer: (repository: Repository, error: FairleadError | undefined) => void
  readonly #schedules = new Map<Repository, Schedule>()
  readonly #stop = new AbortController()
  readonly #queue: (() => void)[] = []
  #asking = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    options: PollerOptions,
    ports: {
      readonly repositories: () => readonly Repository[]
      /** Wished intervals in milliseconds, by repository id. */
      readonly intervals: () => ReadonlyMap<string, number>
      readonly onMoved: (repository: Repository) => void
      /** After every question; `error` when it could not be answered. */
      readonly onAnswer: (repository: Repository, error: FairleadError | undefined) => void
    },
  ) {
    this.#options = options
    this.#repositories = ports.repositories
    this.#intervals = ports.intervals
    this.#onMoved = ports.onMoved
    this.#onAnswer = ports.onAnswer
  }

  start(): void {
    this.#arm(0)
  }

  /**
   * Asks these now, whatever their schedule; answers those that moved.
   * @param expected somebody said that they have moved
   */
  async ask(repositories: readonly Repository[], expected = false): Promise<Repository[]> {
    const moved = await Promise.all(repositories.map((repository) => this.#inTurn(() => this.#ask(repository, expected))))
    return repositories.filter((_, i) => moved[i])
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
  }

  /** Runs at most `atOnce` questions together, whoever asks them. */
  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#asking >= this.#options.atOnce) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#asking++
    try {
      return await run()
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#asking--
    }
  }

  async #ask(repository: Repository, expected: boolean): Promise<boolean> {
    const schedule = this.#schedules.get(repository) ?? { dueAt: 0, failures: 0 }
    this.#schedules.set(repository, schedule)
    try {
      const moved = await repository.check(expected, this.#stop.signal)
      schedule.failures = 0
      const wished = this.#intervals().get(repository.id) ?? this.#options.intervalMs
      schedule.dueAt = Date.now() + wished * jitter()
      this.#onAnswer(repository, undefined)
      return moved
    } catch (error) {
      schedule.failures++
      const pause = Math.min(this.#options.maxBackoffMs, 1_000 * 2 ** schedule.failures)
      schedule.dueAt = Date.now() + pause * jitter()
      if (!this.#stop.signal.aborted) this.#onAnswer(repository, FairleadError.from(error))
      return false
    }
  }

  #arm(afterMs: number): void {
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#tick(), afterMs)
  }

  async #tick(): Promise<void> {
    const now = Date.now()
    const repositories = this.#repositories()
    const due = repositories.filter((repository) => (this.#schedules.get(repository)?.dueAt ?? 0) <= now)
    for (const repository of await this.ask(due)) this.#onMoved(repository)
    const next = Math.min(...repositories.map((repository) => this.#schedules.get(repository)?.dueAt ?? 0), Date.now() + 5_000)
    this.#arm(Math.max(100, next - Date.now()))
  }
}
