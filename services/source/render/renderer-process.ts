import { isUtf8 } from 'node:buffer'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { FairleadError } from '@fairlead/errors'
import { encodeFrame, FrameReader } from './frame.ts'
import type { Response } from './protocol.ts'

export interface ProcessOptions {
  readonly path: string
  readonly workers: number
  readonly memoryMiB: number
  readonly blobsMiB: number
  readonly shortcuts: Shortcuts
}

/** Whether plain kustomizations are built without krusty. */
export type Shortcuts = 'on' | 'off' | 'only'

/** Why a process is gone. */
export type Ending = 'memory' | 'crash' | 'stopped'

const startTimeoutMs = 20_000
const exitMemory = 86
const watchIntervalMs = 500
/** Above the heap limit there are stacks, buffers and the program itself. */
const rssHeadroomMiB = 512
const putBytes = 8 * 1024 * 1024

/** One run of the renderer program: no environment, no home, no working folder of ours; only its standard streams. */
export class RendererProcess {
  readonly #child: ChildProcess
  readonly #reader = new FrameReader()
  readonly #options: ProcessOptions
  readonly #sent = new Set<string>()
  #onResponse: (response: Response) => void = () => {}
  #watch: NodeJS.Timeout | undefined
  #stderr = ''
  #overMemory = false
  /** Settles when the process is gone; never rejects. */
  readonly ended: Promise<Ending>
  version = ''
  /** `seccomp`, `unavailable…` or `off`. */
  sandbox = ''

  private constructor(options: ProcessOptions) {
    this.#options = options
    const args = [
      `--workers=${options.workers}`,
      `--memory-mib=${options.memoryMiB}`,
      `--blobs-mib=${options.blobsMiB}`,
      `--shortcuts=${options.shortcuts}`,
    ]
    this.#child = spawn(options.path, args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin!.on('error', () => {}) // a dead process is reported by its exit
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < 4_096) this.#stderr += chunk.toString('latin1')
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve('crash'))
      this.#child.once('close', (code, signal) => {
        clearInterval(this.#watch)
        if (this.#overMemory || code === exitMemory) resolve('memory')
        else resolve(code === 0 || signal === 'SIGTERM' ? 'stopped' : 'crash')
      })
    })
  }

  /** Starts the program and waits until it says that it is ready. Throws `TOOL_MISSING` when it does not. */
  static async start(options: ProcessOptions, onResponse: (response: Response) => void): Promise<RendererProcess> {
    const process = new RendererProcess(options)
    const ready = new Promise<{ version: string; sandbox: string }>((resolve, reject) => {
      process.#child.once('error', reject)
      process.#child.once('close', (code) => reject(new Error(`it ended with ${code}`)))
      const timer = setTimeout(() => reject(new Error(`it was not ready within ${startTimeoutMs} ms`)), startTimeoutMs)
      process.#onResponse = (response) => {
        clearTimeout(timer)
        resolve(response.ok as { version: string; sandbox: string })
      }
    })
    process.#child.stdout!.on('data', (chunk: Buffer) => process.#receive(chunk))
    try {
      const { version, sandbox } = await ready
      process.version = version
      process.sandbox = sandbox
    } catch (error) {
      process.kill()
      throw new FairleadError('TOOL_MISSING', `the renderer at ${options.path} cannot be started`, { cause: error })
    }
    process.#onResponse = onResponse
    process.#watchMemory()
    return process
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** A line that the Go runtime printed when it died; never a value of a manifest. */
  get lastWords(): string | undefined {
    return this.#stderr.split('\n').find((line) => line.startsWith('fatal error:') || line.startsWith('runtime: goroutine stack exceeds'))
  }

  /** Blobs among `ids` that this process has not been given. */
  unknown(ids: readonly string[]): string[] {
    return [...new Set(ids)].filter((id) => !this.#sent.has(id))
  }

  /** Hands over contents; they arrive before any later request. */
  put(blobs: readonly (readonly [id: string, content: Buffer])[]): void {
    let batch: string[][] = []
    let size = 0
    for (const [id, content] of blobs) {
      this.#sent.add(id)
      batch.push(isUtf8(content) ? [id, content.toString('utf8')] : [id, content.toString('base64'), 'b64'])
      size += content.length
      if (size >= putBytes) {
        this.#write({ op: 'put', blobs: batch })
        batch = []
        size = 0
      }
    }
    if (batch.length > 0) this.#write({ op: 'put', blobs: batch })
  }

  /** The process has dropped these from its cache. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#sent.delete(id)
  }

  send(message: Record<string, unknown>): void {
    this.#write(message)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Lets it finish by closing its input, kills it after a moment. */
  async stop(graceMs = 2_000): Promise<void> {
    this.#child.stdin!.end()
    const timer = setTimeout(() => this.kill(), graceMs)
    await this.ended
    clearTimeout(timer)
  }

  /** What is said in one turn goes out in one write. */
  #write(message: unknown): void {
    const stdin = this.#child.stdin!
    if (stdin.destroyed) return
    if (stdin.writableCorked === 0) {
      stdin.cork()
      process.nextTick(() => stdin.uncork())
    }
    stdin.write(encodeFrame(message))
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#onResponse(message as Response)
    } catch {
      this.kill() // its stream is broken; the supervisor starts another
    }
  }

  /** A second opinion on memory from outside; the first is the process's own (memory.go). Linux only, elsewhere the first stands alone. */
  #watchMemory(): void {
    const limit = (this.#options.memoryMiB + rssHeadroomMiB) * 1024 * 1024
    this.#watch = setInterval(() => {
      readFile(`/proc/${this.pid}/statm`, 'latin1').then(
        (text) => {
          if (Number(text.split(' ')[1]) * 4_096 <= limit) return
          this.#overMemory = true
          this.kill()
        },
        () => clearInterval(this.#watch),
      )
    }, watchIntervalMs)
    this.#watch.unref()
  }
}
