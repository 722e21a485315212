import { closeSync, existsSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const compactAboveBytes = 1024 * 1024

/**
 * A small map on disk: values by key, each change one line appended to a file, the newest line of a key counts. Values are JSON. A change is in the
 * operating system's hands when `set` returns, so it survives the death of the process; `{ durable: true }` also waits for the disk, for what
 * must survive the loss of power. The file is rewritten when most of it is outdated. A last line that was cut off is left out on opening.
 */
export class KeyedLog implements Disposable {
  readonly #path: string
  readonly #values = new Map<string, unknown>()
  #file: number
  #bytes = 0
  #liveBytes = 0
  readonly #sizes = new Map<string, number>()

  constructor(path: string) {
    this.#path = path
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const whole = text.lastIndexOf('\n') + 1
    for (const line of text.slice(0, whole).split('\n')) this.#take(line)
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = Buffer.byteLength(text.slice(0, whole))
    ftruncateSync(this.#file, this.#bytes)
  }

  get(key: string): unknown {
    return this.#values.get(key)
  }

  set(key: string, value: unknown, options: { readonly durable?: boolean } = {}): void {
    this.#append(`${JSON.stringify([key, value])}\n`)
    if (options.durable === true) fdatasyncSync(this.#file)
  }

  delete(key: string): void {
    if (this.#values.has(key)) this.#append(`${JSON.stringify([key])}\n`)
  }

  /** Keys that start with `prefix` and their values, in the order in which the keys were first set. */
  *entries(prefix: string): IterableIterator<readonly [string, unknown]> {
    for (const entry of this.#values) if (entry[0].startsWith(prefix)) yield entry
  }

  [Symbol.dispose](): void {
    fdatasyncSync(this.#file)
    closeSync(this.#file)
  }

  #append(line: string): void {
    this.#bytes += writeSync(this.#file, line)
    this.#take(line.slice(0, -1))
    if (this.#bytes > compactAboveBytes && this.#bytes > 4 * this.#liveBytes) this.#compact()
  }

  #take(line: string): void {
    const entry = parsed(line)
    if (!entry) return
    const [key, value] = entry
    this.#liveBytes -= this.#sizes.get(key) ?? 0
    if (entry.length === 1) {
      this.#values.delete(key)
      this.#sizes.delete(key)
      return
    }
    this.#values.set(key, value)
    this.#sizes.set(key, line.length + 1)
    this.#liveBytes += line.length + 1
  }

  #compact(): void {
    const next = `${this.#path}.new`
    const file = openSync(next, 'w', 0o600)
    let bytes = 0
    for (const [key, value] of this.#values) bytes += writeSync(file, `${JSON.stringify([key, value])}\n`)
    fsyncSync(file)
    renameSync(next, this.#path)
    syncFolder(dirname(this.#path))
    closeSync(this.#file)
    this.#file = file
    this.#bytes = bytes
  }
}

/** Waits until the names in a folder are on the disk. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function parsed(line: string): readonly [string, unknown?] | undefined {
  if (line === '') return undefined
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) && typeof value[0] === 'string' ? (value as unknown as [string, unknown?]) : undefined
  } catch {
    return undefined
  }
}
