import { type ChildProcess, spawn } from 'node:child_process'
import { FairleadError } from '@fairlead/errors'

/** A Git object as `git cat-file --batch` gives it. */
export interface GitObject {
  readonly id: string
  readonly type: 'blob' | 'tree' | 'commit' | 'tag'
  readonly data: Buffer
}

interface Waiting {
  readonly name: string
  readonly maxBytes: number
  readonly resolve: (object: GitObject | undefined) => void
  readonly reject: (error: Error) => void
}

/** The object whose content is arriving. */
interface Incoming {
  readonly id: string
  readonly type: GitObject['type']
  readonly sizeBytes: number
  /** undefined when it is over the limit and only skipped. */
  readonly chunks: Buffer[] | undefined
  received: number
}

const nameShape = /^[0-9a-f]{7,64}(\^\{(commit|tree)\})?$/
const idleMs = 60_000

/**
 * Reads objects of one repository through one long-lived `git cat-file --batch`, started when it is first needed and ended when it has
 * been idle for a while. An object above the caller's limit is skipped on the pipe, never held in memory.
 */
export class ObjectReader implements AsyncDisposable {
  readonly #gitDir: string
  readonly #env: Record<string, string>
  readonly #waiting: Waiting[] = []
  #child: ChildProcess | undefined
  #line = ''
  #head: Buffer = Buffer.alloc(0)
  #incoming: Incoming | undefined
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(gitDir: string, env: Record<string, string>) {
    this.#gitDir = gitDir
    this.#env = env
  }

  /**
   * The object of that id (7 or more hex digits, optionally peeled with `^{commit}` or `^{tree}`); undefined when there is none.
   * Throws `SOURCE_LIMIT` when it is larger than `maxBytes`.
   */
  read(name: string, maxBytes: number): Promise<GitObject | undefined> {
    if (!nameShape.test(name)) throw new FairleadError('SOURCE_REF_INVALID', 'this is not a Git object id')
    if (this.#closed) throw new FairleadError('INTERNAL', 'the repository is closed')
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, maxBytes, resolve, reject })
      this.#ask(`${name}\n`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const child = this.#child
    if (!child) return
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
    this.#flush()
    child.stdin!.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), 1_000)
    await gone
    clearTimeout(timer)
  }

  /** What is asked in one turn of the event loop goes out in one write: a write costs more than the wait for it. */
  #ask(line: string): void {
    this.#process()
    if (this.#line === '') setImmediate(() => this.#flush())
    this.#line += line
  }

  #flush(): void {
    const lines = this.#line
    this.#line = ''
    if (lines !== '') this.#child?.stdin?.write(lines)
  }

  #process(): ChildProcess {
    clearTimeout(this.#idle)
    if (this.#child) return this.#child
    const child = spawn('git', ['--git-dir', this.#gitDir, 'cat-file', '--batch'], {
      env: this.#env,
      cwd: this.#env.HOME,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdin.on('error', () => {}) // its end is reported by `close`
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk))
    child.once('error', (cause) => this.#lost(child, new FairleadError('TOOL_MISSING', 'git cannot be started', { cause })))
    child.once('close', () => this.#lost(child, new FairleadError('SOURCE_UNREACHABLE', 'git cat-file ended unexpectedly')))
    this.#child = child
    return child
  }

  #lost(child: ChildProcess, error: Error): void {
    if (this.#child !== child) return
    this.#child = undefined
    this.#line = ''
    this.#incoming = undefined
    this.#head = Buffer.alloc(0)
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  #receive(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = this.#incoming ? this.#receiveContent(this.#incoming, rest) : this.#receiveHead(rest)
    if (this.#waiting.length === 0) this.#endWhenIdle()
  }

  /** `<id> <type> <size>\n`, or `<name> missing\n`, or `<name> ambiguous\n`. */
  #receiveHead(chunk: Buffer): Buffer {
    const end = chunk.indexOf(10)
    if (end < 0) {
      this.#head = Buffer.concat([this.#head, chunk])
      return Buffer.alloc(0)
    }
    const line = Buffer.concat([this.#head, chunk.subarray(0, end)]).toString('latin1')
    this.#head = Buffer.alloc(0)
    const [id, type, size] = line.split(' ')
    if (size === undefined) {
      this.#waiting.shift()?.resolve(undefined)
      return chunk.subarray(end + 1)
    }
    const sizeBytes = Number(size)
    const wanted = sizeBytes <= (this.#waiting[0]?.maxBytes ?? 0)
    this.#incoming = { id: id!, type: type as GitObject['type'], sizeBytes, chunks: wanted ? [] : undefined, received: 0 }
    return chunk.subarray(end + 1)
  }

  /** The content and the newline after it. */
  #receiveContent(incoming: Incoming, chunk: Buffer): Buffer {
    const take = Math.min(chunk.length, incoming.sizeBytes - incoming.received)
    if (take > 0) incoming.chunks?.push(chunk.subarray(0, take))
    incoming.received += take
    if (take === chunk.length) return Buffer.alloc(0)
    this.#incoming = undefined
    const waiting = this.#waiting.shift()
    if (incoming.chunks) {
      // A copy: a small object must not keep the whole pipe buffer alive.
      waiting?.resolve({ id: incoming.id, type: incoming.type, data: Buffer.concat(incoming.chunks) })
    } else {
      waiting?.reject(
        new FairleadError(
          'SOURCE_LIMIT',
          `a ${incoming.type} of ${incoming.sizeBytes} bytes is larger than ${waiting.maxBytes} bytes (maxFileBytes)`,
        ),
      )
    }
    return chunk.subarray(take + 1)
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      const child = this.#child
      this.#child = undefined
      child?.stdin?.end()
    }, idleMs)
    this.#idle.unref()
  }
}
