import { closeSync, existsSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const compactAboveBytes = 1024 * 1024

/**
 * A small map on disk: values by key, each change one line appended to a file, the newest line of a key counts. Values are JSON and are kept as text, which takes a
 * third of the memory. A change is in the operating system's hands when `set` returns, so it survives the death of the process; `{ durable: true }`
 * also waits for the disk, for what must survive the loss of power. The file is rewritten when most of it is outdated. A last line that was cut off is left
 * out on opening.
 */
export class KeyedLog implements Disposable {
  readonly #path: string
  readonly #values = new Map<string, string>()
  #file: number
  #bytes = 0
  #liveBytes = 0

  constructor(path: string) {
    this.#path = path
    const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    let start = 0
    // Each line becomes a text of its own: a slice of the whole would keep the whole in memory.
    for (let end = content.indexOf(newline); end !== -1; end = content.indexOf(newline, start)) {
      this.#take(content.toString('utf8', start, end))
      start = end + 1
    }
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = start
    ftruncateSync(this.#file, start)
  }

  get(key: string): unknown {
    const text = this.#values.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  set(key: string, value: unknown, options: { readonly durable?: boolean } = {}): void {
    const text = JSON.stringify(value)
    this.#append(lineOf(key, text))
    this.#keep(key, text)
    this.#compactIfWorthIt()
    if (options.durable === true) fdatasyncSync(this.#file)
  }

  delete(key: string): void {
    if (!this.#values.has(key)) return
    this.#append(`${JSON.stringify([key])}\n`)
    this.#drop(key)
  }

  /** Keys that start with `prefix` and their values, in the order in which the keys were first set. */
  *entries(prefix: string): IterableIterator<readonly [string, unknown]> {
    for (const [key, text] of this.#values) if (key.startsWith(prefix)) yield [key, JSON.parse(text)]
  }

  [Symbol.dispose](): void {
    fdatasyncSync(this.#file)
    closeSync(this.#file)
  }

  #append(line: string): void {
    this.#bytes += writeSync(this.#file, line)
  }

  #keep(key: string, text: string): void {
    this.#drop(key, false)
    this.#values.set(key, text)
    this.#liveBytes += key.length + text.length
  }

  #drop(key: string, forGood = true): void {
    const known = this.#values.get(key)
    if (known !== undefined) this.#liveBytes -= key.length + known.length
    // A key that only changes its value keeps its place.
    if (forGood) this.#values.delete(key)
  }

  #take(line: string): void {
    const entry = parsed(line)
    if (!entry) return
    if (entry.length === 1) this.#drop(entry[0])
    else this.#keep(entry[0], JSON.stringify(entry[1]))
  }

  #compactIfWorthIt(): void {
    if (this.#bytes <= compactAboveBytes || this.#bytes <= 4 * this.#liveBytes) return
    const next = `${this.#path}.new`
    const file = openSync(next, 'w', 0o600)
    let bytes = 0
    for (const [key, text] of this.#values) bytes += writeSync(file, lineOf(key, text))
    fsyncSync(file)
    renameSync(next, this.#path)
    syncFolder(dirname(this.#path))
    closeSync(this.#file)
    this.#file = file
    this.#bytes = bytes
  }
}

const newline = 0x0a

function lineOf(key: string, text: string): string {
  return `[${JSON.stringify(key)},${text}]\n`
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
