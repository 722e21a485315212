import type { Projection } from '@fairlead/ledger'
import { applyBatch } from './apply.ts'
import { createTables } from './tables.ts'

/** A past of this many rows is read in a few milliseconds. */
const segmentRows = 5_000

/**
 * One projection for all read models: an event is read and decoded once, and every answer is of one position. Raise `version` with any
 * change of tables or folds.
 */
export const fleetProjection = fleetProjectionOf(segmentRows)

/** The projection with segments of history of another size: tests make them small. */
export function fleetProjectionOf(segmentRows: number): Projection {
  return {
    name: 'fleet',
    version: 4,
    tables: createTables.join(';\n'),
    // Large enough that the rows that a burst of events keeps changing are written once; live batches are as small as what has happened.
    batchSize: 5_000,
    apply: (events, tx) => applyBatch(tx, events, segmentRows),
  }
}
