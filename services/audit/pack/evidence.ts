import { operationStream } from '@fairlead/events'
import type { RawEvent } from '@fairlead/ledger'
import type { Change } from '../change/row.ts'
import type { LogReader } from '../log/audit-log.ts'

/** The events that say something about a change, as stored, in order: those that the fold met, and the operation's own. */
export async function evidenceEvents(log: LogReader, change: Change, positions: readonly number[], at: number): Promise<RawEvent[]> {
  const events = new Map<number, RawEvent>()
  const add = (found: readonly RawEvent[]) => {
    for (const event of found) events.set(event.position, event)
  }
  for (const position of positions) add(await log.readRaw({ from: position - 1, to: position, limit: 1 }))
  if (change.workflow !== null) add(await log.readRaw({ stream: operationStream(change.workflow), to: at, limit: 100 }))
  return [...events.values()].sort((a, b) => a.position - b.position)
}
