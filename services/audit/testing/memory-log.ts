import { createHash } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { type AppendRequest, type AppendResult, type RawEvent, type ReadRange, uuid7, type VerifyResult } from '@fairlead/ledger'
import type { AsOf } from '../log/anchor.ts'
import type { AuditLog } from '../log/audit-log.ts'

/** A log in memory, for folds without a database: same reads, same order; its time is whatever the test says. */
export class MemoryLog implements AuditLog {
  readonly events: RawEvent[] = []
  readonly #versions = new Map<string, number>()
  /** Last position of each block. */
  readonly #blocks: number[] = []
  nowMs = Date.parse('2026-01-05T08:00:00.000Z')

  async append(request: AppendRequest): Promise<AppendResult> {
    for (const { stream, events } of request.streams) {
      for (const event of events) {
        eventRegistry.validate(event.type, event.schemaVersion, event.data)
        const version = (this.#versions.get(stream) ?? 0) + 1
        this.#versions.set(stream, version)
        this.events.push({
          position: this.events.length + 1,
          stream,
          version,
          type: event.type,
          schemaVersion: event.schemaVersion,
          recordedMs: this.nowMs,
          id: event.id ?? uuid7(),
          context: JSON.stringify(request.context),
          data: JSON.stringify(event.data),
        })
      }
    }
    this.#blocks.push(this.events.length)
    return { outcome: 'ok', position: this.events.length, streams: [] }
  }

  async readRaw({ from = 0, to = Number.MAX_SAFE_INTEGER, types, stream, limit = 1_000 }: ReadRange): Promise<RawEvent[]> {
    const wanted = types && new Set(types)
    const found: RawEvent[] = []
    for (let index = from; index < Math.min(to, this.events.length) && found.length < limit; index++) {
      const event = this.events[index]!
      if ((!wanted || wanted.has(event.type)) && (stream === undefined || event.stream === stream)) found.push(event)
    }
    return found
  }

  async head(): Promise<number> {
    return this.events.length
  }

  async positionAt(time: Date): Promise<number> {
    return this.events.findLastIndex((event) => event.recordedMs <= time.getTime()) + 1
  }

  async anchorAt(position: number): Promise<AsOf> {
    const log = '00000000-0000-4000-8000-000000000000'
    if (position > this.events.length) throw new FairleadError('BAD_USER_INPUT', `the log has no position ${position}`)
    if (position === 0) return { log, position, recordedAt: new Date(0).toISOString(), block: 0, blockPosition: 0, blockHash: '' }
    const block = this.#blocks.findIndex((last) => last >= position) + 1
    const blockPosition = this.#blocks[block - 1]!
    const blockHash = createHash('sha256')
      .update(JSON.stringify(this.events.slice(0, blockPosition)))
      .digest('hex')
    return { log, position, recordedAt: new Date(this.events[position - 1]!.recordedMs).toISOString(), block, blockPosition, blockHash }
  }

  /** Nothing signs this log. */
  async prove(): Promise<never> {
    throw new Error('a log in memory has no proofs')
  }

  async verify({ from = 1, to = this.events.length }: { from?: number | undefined; to?: number | undefined }): Promise<VerifyResult> {
    const { log, block, blockHash } = await this.anchorAt(this.events.length)
    const head = { block, position: this.events.length, hash: blockHash }
    return { ok: true, log, from, to, events: Math.max(0, to - from + 1), blocks: block, checkpoints: 0, head }
  }
}
