import { randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import type { AppendRequest, AppendResult, EventContext, Expected, StoredEvent } from '../event.ts'
import type { Ledger } from '../ledger.ts'
import { type LedgerOptions, openLedger } from '../open.ts'
import { openRegistry } from '../registry.ts'

export const context: EventContext = {
  actor: { kind: 'service', name: 'test', authenticatedBy: 'process' },
  correlation: 'test',
}

export function openTestLedger(connectionString: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ connectionString, registry: openRegistry, dataKeys: [new Redacted(randomBytes(32))], ...options })
}

/** One append of `count` events with data `{ n: from }, { n: from + 1 }, …` to one stream. */
export function numbers(stream: string, count = 1, expected: Expected = 'any', from = 0): AppendRequest {
  const events = Array.from({ length: count }, (_, i) => ({ type: 'test.counted', schemaVersion: 1, data: { n: from + i } }))
  return { streams: [{ stream, expected, events }], context }
}

/** The position of an append that must have been accepted. */
export function positionOf(result: AppendResult): number {
  if (result.outcome === 'conflict') throw new Error(`conflict on ${result.stream}: expected ${result.expected}, is ${result.actual}`)
  return result.position
}

/** Every event of the log, read in pages. */
export async function everything(ledger: Ledger): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for (;;) {
    const page = await ledger.read({ from: events.at(-1)?.position ?? 0 })
    events.push(...page)
    if (page.length < 1_000) return events
  }
}

/** What must hold for any log: positions 1, 2, 3, … and each stream's versions 1, 2, 3, … in that order, no event id twice. Returns what does not. */
export function violations(events: readonly StoredEvent[]): string[] {
  const found: string[] = []
  const versions = new Map<string, number>()
  const ids = new Set<string>()
  events.forEach((event, index) => {
    if (event.position !== index + 1) found.push(`position ${event.position} at index ${index}`)
    const version = (versions.get(event.stream) ?? 0) + 1
    versions.set(event.stream, version)
    if (event.version !== version) found.push(`${event.stream}@${event.version} where ${version} is next`)
    if (ids.has(event.id)) found.push(`event ${event.id} twice`)
    ids.add(event.id)
  })
  return found
}
