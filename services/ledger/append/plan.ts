import type { Prepared } from './prepare.ts'

/** Bounds of one batch. A single append beyond them goes alone. */
export interface BatchLimits {
  readonly events: number
  readonly sizeBytes: number
}

/** What batches that are under way touch: their streams and idempotency keys. */
export type Touched = ReadonlySet<string>

/**
 * Picks the appends of the next batch from the queue, oldest first; returns their indexes, ascending. The rules that make one set-based
 * call equal to running the appends one after the other:
 * - a stream that the batch already touches can be written again only with expectation `any`, and only if nobody checks it;
 * - an append never overtakes an older one on the same stream or key, whether that one waits or is under way.
 */
export function nextBatch(queue: readonly Prepared[], underWay: Touched, limits: BatchLimits): number[] {
  const chosen: number[] = []
  const touched = new Map<string, 'written' | 'checked'>()
  const waiting = new Set<string>()
  let events = 0
  let sizeBytes = 0
  for (let index = 0; index < queue.length; index++) {
    const append = queue[index]!
    if (chosen.length > 0 && (events + append.texts.length > limits.events || sizeBytes + append.sizeBytes > limits.sizeBytes)) break
    if (!fits(append, touched, waiting, underWay)) {
      for (const token of tokens(append)) waiting.add(token)
      continue
    }
    chosen.push(index)
    events += append.texts.length
    sizeBytes += append.sizeBytes
    for (const entry of append.entries) touched.set(entry.stream, entry.count > 0 ? 'written' : 'checked')
    if (append.key !== '') touched.set(keyToken(append.key), 'checked')
    if (events >= limits.events || sizeBytes >= limits.sizeBytes) break
  }
  return chosen
}

/** With fewer events than this a batch is hardly cheaper than its commit, and nothing is gained by making two of one. */
const worthSharing = 32

/**
 * The bounds of the next batch when `free` connections have nothing to do: what waits is shared out among them. Callers that wait for their answers
 * would otherwise all travel in one batch for ever, and the process would idle while Postgres works and the other way round; in two batches one
 * is made while the other is written.
 */
export function sharedLimits(queue: readonly Pick<Prepared, 'texts'>[], free: number, limits: BatchLimits): BatchLimits {
  if (free < 2) return limits
  let waiting = 0
  for (const { texts } of queue) waiting += texts.length
  return waiting < worthSharing ? limits : { ...limits, events: Math.min(limits.events, Math.ceil(waiting / free)) }
}

/** Everything that must not be touched by two batches at once on behalf of this append. */
export function* tokens(append: Prepared): Iterable<string> {
  for (const entry of append.entries) yield entry.stream
  if (append.key !== '') yield keyToken(append.key)
}

function fits(append: Prepared, touched: ReadonlyMap<string, 'written' | 'checked'>, waiting: Touched, underWay: Touched): boolean {
  for (const token of tokens(append)) if (waiting.has(token) || underWay.has(token)) return false
  for (const { stream, expected, count } of append.entries) {
    const how = touched.get(stream)
    if (how === undefined) continue
    const freeWrite = count > 0 && expected === 'any' && how === 'written'
    const sharedCheck = count === 0 && how === 'checked'
    if (!freeWrite && !sharedCheck) return false
  }
  return append.key === '' || !touched.has(keyToken(append.key))
}

/** Keys and stream names share one set; no stream name holds a control character. */
function keyToken(key: string): string {
  return `\u0001${key}`
}
