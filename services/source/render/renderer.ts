import { availableParallelism } from 'node:os'
import { FairleadError } from '@fairlead/errors'
import { type Contents, Job } from './job.ts'
import { type InputFile, type References, type RenderedObject, type RenderRequest, type Response, rendererError } from './protocol.ts'
import { type Ending, RendererProcess, type Shortcuts } from './renderer-process.ts'

export interface RendererOptions {
  /** The renderer program. */
  readonly path: string
  /** Renders at once; by default one more than there are processors. */
  readonly workers?: number
  /** Heap above which the process ends itself. */
  readonly memoryMiB?: number
  /** File contents that the process keeps. */
  readonly blobsMiB?: number
  /** Wall clock of one render, from its dispatch. */
  readonly timeoutMs?: number
  /** `off` sends every kustomization through krusty, `only` refuses those that no shortcut builds; for tests. Default `on`. */
  readonly shortcuts?: Shortcuts
  /** Told when the process had to be replaced. */
  readonly onRestart?: (why: string) => void
}

const maxStartFailures = 3
const maxResends = 5

/**
 * The renderer as a service: keeps one process alive, a bounded number of requests in flight, and every failure to itself.
 * A render that takes too long or too much memory takes its process with it; it alone fails, the others are sent again.
 */
export class Renderer implements AsyncDisposable {
  readonly #options: Required<Omit<RendererOptions, 'onRestart'>>
  readonly #onRestart: (why: string) => void
  readonly #queue: Job[] = []
  /** Jobs that were in flight in a crash; they run one at a time. */
  readonly #alone: Job[] = []
  readonly #flying = new Map<number, { job: Job; timer: NodeJS.Timeout }>()
  #process: RendererProcess | undefined
  #starting: Promise<void> | undefined
  #preparing = 0
  /** The suspect that has the process to itself. */
  #solo: Job | undefined
  #startFailures = 0
  #nextId = 1
  #closed = false
  #expired: Job | undefined
  /** Digest of the rendering code and its libraries; part of every render key. */
  version = ''
  sandbox = ''

  private constructor(options: RendererOptions) {
    this.#options = {
      path: options.path,
      workers: options.workers ?? availableParallelism() + 1,
      memoryMiB: options.memoryMiB ?? 1_024,
      blobsMiB: options.blobsMiB ?? 128,
      timeoutMs: options.timeoutMs ?? 30_000,
      shortcuts: options.shortcuts ?? 'on',
    }
    this.#onRestart = options.onRestart ?? (() => {})
  }

  /** Starts the first process. Throws `TOOL_MISSING` when the program cannot be run. */
  static async start(options: RendererOptions): Promise<Renderer> {
    const renderer = new Renderer(options)
    await renderer.#startProcess()
    return renderer
  }

  /** Process id of the current process, for measurements. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Renders one source. Throws the typed failure of the tool, `RENDER_TIMEOUT`, `RENDER_CRASHED` or `SOURCE_LIMIT`. */
  async render(request: RenderRequest, contents: Contents, signal?: AbortSignal): Promise<readonly RenderedObject[]> {
    const blobs = [
      ...request.files.filter((file: InputFile) => file[1] !== '').map((file) => file[1]),
      ...(request.valueFiles ?? []).map((file) => file[1]),
      ...(request.fileParameters ?? []).map((file) => file[1]),
    ]
    const answer = (await this.#submit({ op: 'render', ...request }, blobs, contents, signal)) as { objects: RenderedObject[] }
    return answer.objects
  }

  /** The inputs that a kustomization or jsonnet file names. Throws for remote and plugin constructs and for invalid files. */
  async inspect(
    kind: 'kustomization' | 'jsonnet',
    path: string,
    blob: string,
    contents: Contents,
    signal?: AbortSignal,
  ): Promise<References> {
    return (await this.#submit({ op: 'inspect', kind, path, blob }, [blob], contents, signal)) as References
  }

  /**
   * Expands every string and map key of `value` once per parameter set with Go's text/template and sprig (Argo CD: ApplicationSet
   * `goTemplate`). A set that fails gives its error in its place.
   */
  async template(
    value: unknown,
    parameters: readonly unknown[],
    options: readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<readonly (unknown | FairleadError)[]> {
    const answer = (await this.#submit({ op: 'template', value, parameters, options: { options } }, [], noContents, signal)) as {
      results: { value?: unknown; error?: Parameters<typeof rendererError>[0] }[]
    }
    return answer.results.map((result) => (result.error ? rendererError(result.error) : result.value))
  }

  /** The results of a jq expression on a value. */
  async query(expression: string, value: unknown, signal?: AbortSignal): Promise<readonly unknown[]> {
    const answer = (await this.#submit({ op: 'jq', query: expression, value }, [], noContents, signal)) as { results: unknown[] }
    return answer.results
  }

  /** The highest of `versions` within a semver range; `valid: false` when the text is no range. */
  async matchVersion(
    constraint: string,
    versions: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly valid: boolean; readonly match?: string }> {
    const answer = (await this.#submit({ op: 'versions', constraint, versions }, [], noContents, signal)) as {
      valid: boolean
      match?: string
    }
    return { valid: answer.valid, ...(answer.match ? { match: answer.match } : {}) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const gone = new FairleadError('RENDER_CRASHED', 'the renderer is being stopped')
    for (const job of [...this.#queue.splice(0), ...this.#alone.splice(0)]) job.reject(gone)
    for (const { job, timer } of this.#flying.values()) {
      clearTimeout(timer)
      job.reject(gone)
    }
    this.#flying.clear()
    await this.#starting?.catch(() => {})
    await this.#process?.stop()
  }

  #submit(message: Record<string, unknown>, blobs: readonly string[], contents: Contents, signal?: AbortSignal): Promise<unknown> {
    const job = new Job(message, blobs, contents, this.#options.timeoutMs, signal)
    if (this.#closed) job.reject(new FairleadError('RENDER_CRASHED', 'the renderer is being stopped'))
    else this.#queue.push(job)
    this.#pump()
    return job.done
  }

  /** Dispatches while there is room. Suspects go one at a time, with nothing beside them. */
  #pump(): void {
    if (!this.#process || this.#closed) return
    while (!this.#solo && this.#busy() < this.#options.workers) {
      if (this.#alone.length > 0) {
        if (this.#busy() > 0) return
        const job = this.#alone.shift()!
        if (job.settled) continue
        this.#solo = job
        void this.#dispatch(job, this.#process)
        return
      }
      const job = this.#queue.shift()
      if (!job) return
      if (!job.settled) void this.#dispatch(job, this.#process)
    }
  }

  #busy(): number {
    return this.#flying.size + this.#preparing
  }

  /** The process is free for others again. */
  #leave(job: Job): void {
    if (this.#solo === job) this.#solo = undefined
  }

  async #dispatch(job: Job, process: RendererProcess): Promise<void> {
    const missing = process.unknown(job.blobs)
    if (missing.length > 0) {
      this.#preparing++
      try {
        const contents = await Promise.all(missing.map(async (id) => [id, await job.contents(id)] as const))
        if (process !== this.#process) {
          this.#requeue(job)
          return
        }
        process.put(contents)
      } catch (error) {
        this.#leave(job)
        job.reject(error)
        return
      } finally {
        this.#preparing--
        // Not in this turn: the job below has to count as in flight first.
        queueMicrotask(() => this.#pump())
      }
    }
    if (job.settled) {
      this.#leave(job)
      return
    }
    const id = this.#nextId++
    const timer = setTimeout(() => this.#expire(job), job.timeoutMs)
    this.#flying.set(id, { job, timer })
    process.send({ id, ...job.message })
  }

  #requeue(job: Job): void {
    this.#leave(job)
    if (job.suspect) this.#alone.push(job)
    else this.#queue.unshift(job)
  }

  #receive(response: Response): void {
    const entry = this.#flying.get(response.id)
    if (!entry) return
    this.#flying.delete(response.id)
    clearTimeout(entry.timer)
    const { job } = entry
    this.#leave(job)
    if (response.need) this.#sendAgain(job, response.need)
    else if (response.error) job.reject(rendererError(response.error))
    else job.resolve(response.ok)
    this.#pump()
  }

  #sendAgain(job: Job, need: readonly string[]): void {
    this.#process?.forget(need)
    if (++job.resent <= maxResends) this.#requeue(job)
    else job.reject(new FairleadError('SOURCE_LIMIT', `the inputs of one render do not fit into ${this.#options.blobsMiB} MiB (blobsMiB)`))
  }

  /** A goroutine cannot be stopped, so the process is. */
  #expire(job: Job): void {
    this.#expired = job
    this.#process?.kill()
  }

  async #startProcess(): Promise<void> {
    const process = await RendererProcess.start(this.#options, (response) => this.#receive(response))
    if (this.#closed) {
      await process.stop()
      return
    }
    this.#process = process
    this.#startFailures = 0
    this.version = process.version
    this.sandbox = process.sandbox
    void process.ended.then((ending) => this.#replace(process, ending))
  }

  #replace(process: RendererProcess, ending: Ending): void {
    if (this.#process !== process) return
    this.#process = undefined
    if (this.#closed) return
    const jobs = [...this.#flying.values()].map(({ job, timer }) => {
      clearTimeout(timer)
      return job
    })
    this.#flying.clear()
    this.#solo = undefined
    const expired = this.#expired
    this.#expired = undefined
    if (expired) {
      expired.reject(new FairleadError('RENDER_TIMEOUT', `the render took longer than ${expired.timeoutMs} ms`))
      for (const job of jobs.toReversed()) if (job !== expired && !job.settled) this.#requeue(job)
    } else if (jobs.length === 1 && jobs[0]!.suspect) {
      jobs[0]!.reject(fatal(ending, process, this.#options.memoryMiB))
    } else {
      for (const job of jobs) {
        job.suspect = true
        this.#alone.push(job)
      }
    }
    this.#onRestart(expired ? 'a render took too long' : ending === 'memory' ? 'a render took too much memory' : 'it crashed')
    this.#restart()
  }

  #restart(): void {
    this.#starting = this.#startProcess().then(
      () => this.#pump(),
      (error: unknown) => {
        if (this.#closed) return
        if (++this.#startFailures < maxStartFailures) return this.#restart()
        this.#startFailures = 0
        for (const job of [...this.#queue.splice(0), ...this.#alone.splice(0)]) job.reject(error)
      },
    )
  }
}

function fatal(ending: Ending, process: RendererProcess, memoryMiB: number): FairleadError {
  if (ending === 'memory') return new FairleadError('SOURCE_LIMIT', `the render needs more than ${memoryMiB} MiB of memory (memoryMiB)`)
  return new FairleadError('RENDER_CRASHED', 'the renderer crashed on this input', process.lastWords ? { cause: process.lastWords } : {})
}

const noContents: Contents = (blob) => Promise.reject(new FairleadError('INTERNAL', `no content for ${blob}`))
