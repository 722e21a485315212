import {
  closeSync,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { EventKind } from '@fairlead/messages'

/** One message that JetStream has not acknowledged yet. */
export interface Spooled {
  /** Order among all messages of this data folder, over restarts. */
  readonly order: number
  readonly kind: EventKind
  /** `Nats-Msg-Id`. */
  readonly id: string
}

interface Entry extends Spooled {
  readonly segment: Segment
  readonly offset: number
  readonly bytes: number
  /** Kept in memory while there are few. */
  payload: string | undefined
}

interface Segment {
  readonly path: string
  /** `status` may be given up when the spool is full, `fact` never. */
  readonly sort: 'fact' | 'status'
  readonly entries: Set<Entry>
  bytes: number
  file: number | undefined
}

export interface SpoolOptions {
  readonly dir: string
  /** Above this many bytes on disk the oldest status reports are given up. */
  readonly maxBytes: number
  readonly segmentBytes?: number
  /** Orders of status messages that had to be given up. */
  readonly onDropped?: (count: number) => void
}

const maxMemoryBytes = 4 * 1024 * 1024

/**
 * Messages for the hub on disk, in append-only segment files, until they are acknowledged. A message is with the operating system when `append` returns,
 * so it survives the death of the process; what could not be delivered within a second is also forced to the disk (`sync`), so it survives the loss of power.
 * Status reports live in segments of their own, which are given up oldest first when the spool is full; results and drift never are.
 */
export class Spool implements Disposable {
  readonly #options: Required<SpoolOptions>
  readonly #entries = new Map<number, Entry>()
  readonly #segments = new Set<Segment>()
  readonly #current: { fact: Segment | undefined; status: Segment | undefined } = { fact: undefined, status: undefined }
  #nextOrder = 1
  #nextSegment = 1
  #bytes = 0
  #memoryBytes = 0
  #unsynced = false

  constructor(options: SpoolOptions) {
    this.#options = { segmentBytes: 256 * 1024, onDropped: () => {}, ...options }
    mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    this.#load()
  }

  /** Number of messages that wait for an acknowledgement. */
  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Keeps a message. `payload` is one line of JSON. */
  append(kind: EventKind, id: string, payload: string): Spooled {
    const sort = kind === 'state' ? 'status' : 'fact'
    const order = this.#nextOrder++
    const line = Buffer.from(`${order} ${kind} ${id} ${payload}\n`)
    const segment = this.#openSegment(sort, line.length)
    const header = line.length - Buffer.byteLength(payload) - 1
    const entry: Entry = {
      order,
      kind,
      id,
      segment,
      offset: segment.bytes + header,
      bytes: line.length - header - 1,
      payload: this.#remember(payload),
    }
    writeSync(segment.file as number, line)
    this.#unsynced = true
    segment.bytes += line.length
    this.#bytes += line.length
    segment.entries.add(entry)
    this.#entries.set(order, entry)
    if (this.#bytes > this.#options.maxBytes) this.#giveUpStatus()
    return entry
  }

  /** The oldest messages after `order`, oldest first. */
  *after(order: number): IterableIterator<Spooled> {
    for (const entry of this.#entries.values()) if (entry.order > order) yield entry
  }

  /** The text of a message; undefined when it has been acknowledged or given up. */
  payloadOf(message: Spooled): string | undefined {
    const entry = this.#entries.get(message.order)
    if (!entry) return undefined
    if (entry.payload !== undefined) return entry.payload
    const buffer = Buffer.alloc(entry.bytes)
    const file = openSync(entry.segment.path, 'r')
    try {
      readSync(file, buffer, 0, entry.bytes, entry.offset)
    } finally {
      closeSync(file)
    }
    return buffer.toString('utf8')
  }

  /** JetStream has the message: it can go. */
  acknowledge(message: Spooled): void {
    const entry = this.#entries.get(message.order)
    if (!entry) return
    this.#forget(entry)
    const { segment } = entry
    if (segment.entries.size > 0) return
    // A segment that is still written to is kept until it has grown a little, so that a quiet agent does not make a file for each message.
    const isCurrent = this.#current[segment.sort] === segment
    if (!isCurrent || segment.bytes > this.#options.segmentBytes / 4) this.#remove(segment)
  }

  /** Forces everything that is kept to the disk; nothing happens when it is there already. */
  async sync(): Promise<void> {
    if (!this.#unsynced || this.#entries.size === 0) return
    this.#unsynced = false
    const files = Object.values(this.#current).flatMap((segment) => (segment?.file === undefined ? [] : [segment.file]))
    await Promise.all(files.map((file) => new Promise<void>((resolve) => fdatasync(file, () => resolve()))))
  }

  [Symbol.dispose](): void {
    for (const segment of this.#segments) {
      if (segment.entries.size === 0) this.#remove(segment)
      else this.#close(segment)
    }
  }

  #openSegment(sort: Segment['sort'], bytes: number): Segment {
    const current = this.#current[sort]
    if (current && current.bytes + bytes <= this.#options.segmentBytes) return current
    if (current) {
      this.#close(current)
      if (current.entries.size === 0) this.#remove(current)
    }
    const path = join(this.#options.dir, `${String(this.#nextSegment++).padStart(12, '0')}.${sort}`)
    const segment: Segment = { path, sort, entries: new Set(), bytes: 0, file: openSync(path, 'a', 0o600) }
    this.#segments.add(segment)
    this.#current[sort] = segment
    return segment
  }

  #close(segment: Segment): void {
    if (segment.file === undefined) return
    fsyncSync(segment.file)
    closeSync(segment.file)
    segment.file = undefined
  }

  #remove(segment: Segment): void {
    for (const entry of [...segment.entries]) this.#forget(entry)
    if (segment.file !== undefined) closeSync(segment.file)
    segment.file = undefined
    if (this.#current[segment.sort] === segment) this.#current[segment.sort] = undefined
    this.#segments.delete(segment)
    this.#bytes -= segment.bytes
    rmSync(segment.path, { force: true })
  }

  #giveUpStatus(): void {
    let dropped = 0
    for (const segment of [...this.#segments].filter(({ sort }) => sort === 'status')) {
      if (this.#bytes <= this.#options.maxBytes) break
      dropped += segment.entries.size
      this.#remove(segment)
    }
    if (dropped > 0) this.#options.onDropped(dropped)
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.order)
    entry.segment.entries.delete(entry)
    if (entry.payload !== undefined) this.#memoryBytes -= entry.payload.length
  }

  #remember(payload: string): string | undefined {
    if (this.#memoryBytes + payload.length > maxMemoryBytes) return undefined
    this.#memoryBytes += payload.length
    return payload
  }

  /** Takes up what an earlier process left; a last line that was cut off is left out. */
  #load(): void {
    const found: Entry[] = []
    for (const name of readdirSync(this.#options.dir).sort()) {
      const match = /^(\d+)\.(fact|status)$/.exec(name)
      if (!match) continue
      this.#nextSegment = Math.max(this.#nextSegment, Number(match[1]) + 1)
      const path = join(this.#options.dir, name)
      const segment: Segment = { path, sort: match[2] as Segment['sort'], entries: new Set(), bytes: statSync(path).size, file: undefined }
      this.#segments.add(segment)
      this.#bytes += segment.bytes
      for (const entry of readSegment(segment)) {
        segment.entries.add(entry)
        found.push(entry)
      }
      if (segment.entries.size === 0) this.#remove(segment)
    }
    for (const entry of found.sort((a, b) => a.order - b.order)) this.#entries.set(entry.order, entry)
    this.#nextOrder = (found.at(-1)?.order ?? 0) + 1
  }
}

function readSegment(segment: Segment): Entry[] {
  const content = readFileSync(segment.path)
  const entries: Entry[] = []
  let start = 0
  for (let end = content.indexOf(0x0a); end !== -1; end = content.indexOf(0x0a, start)) {
    const head = /^(\d+) (\w+) (\S+) /.exec(content.subarray(start, Math.min(end, start + 400)).toString('utf8'))
    if (head) {
      const offset = start + Buffer.byteLength(head[0])
      entries.push({
        order: Number(head[1]),
        kind: head[2] as EventKind,
        id: head[3] as string,
        segment,
        offset,
        bytes: end - offset,
        payload: undefined,
      })
    }
    start = end + 1
  }
  return entries
}
