import { followRaw } from '../subscribe/subscribe.ts'
import { advance, checkName } from './checkpoints.ts'
import type { Consumer } from './projection.ts'
import { type RunnerParts, withLease } from './run.ts'

/** Checkpoints of consumers have no versions. */
const version = 1

/**
 * Runs a consumer until aborted, in one process at a time. The checkpoint moves after `handle`: at least once, in order. What `handle`
 * throws ends the run with that error; the position stays before the batch.
 */
export async function runConsumer(parts: RunnerParts, consumer: Consumer, signal: AbortSignal): Promise<void> {
  checkName(consumer.name)
  await parts.pool.query(
    `INSERT INTO fairlead.checkpoints (projection, version, status, position)
     SELECT $1, $2, 'live', CASE WHEN $3 THEN position ELSE 0 END FROM fairlead.log_head ON CONFLICT DO NOTHING`,
    [consumer.name, version, consumer.from === 'head'],
  )
  await withLease(parts, consumer.name, version, signal, async (lease, held) => {
    const options = { after: lease.position, types: consumer.types, batchSize: consumer.batchSize, signal: held, reportEvery: 1 }
    parts.progress.reached(consumer.name, lease.position)
    for await (const batch of followRaw(parts.reader, parts.tail, options)) {
      if (batch.events.length > 0) {
        await consumer.handle(await parts.decoder.decode(batch.events), held)
      }
      await advance(parts.pool, lease, batch.upTo, parts.leaseMs)
      parts.progress.reached(consumer.name, batch.upTo)
    }
  })
}
