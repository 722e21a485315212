import { type Ledger, openLedger, openRegistry } from '@fairlead/ledger'
import { eventType, type StoreUnderTest, streamName } from './store.ts'
import { metadata, streamCount } from './workload.ts'

const context = {
  actor: { kind: 'service' as const, name: metadata.actor, authenticatedBy: 'process' },
  correlation: metadata.correlation,
  causation: metadata.causation,
}

export interface FairleadStore extends StoreUnderTest {
  readonly ledger: Ledger
}

export async function openFairlead(connectionString: string, options: { readonly retryForMs?: number } = {}): Promise<FairleadStore> {
  const ledger = await openLedger({ connectionString, registry: openRegistry, name: 'bench', ...options })
  return {
    name: 'fairlead',
    ledger,
    async append(stream, version, events) {
      const result = await ledger.append({
        streams: [
          { stream: streamName(stream), expected: version, events: events.map((data) => ({ type: eventType, schemaVersion: 1, data })) },
        ],
        context,
      })
      return result.outcome === 'ok'
    },
    async bytesPerEvent() {
      const { rows } = await ledger.pool.query(
        `SELECT (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'fairlead' AND c.relkind = 'r')::float8 / (SELECT position FROM fairlead.log_head) AS bytes`,
      )
      return rows[0].bytes
    },
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  }
}

/** Gives each of the streams its first event. */
export async function seed(store: StoreUnderTest, payload: () => Record<string, unknown>): Promise<number[]> {
  const versions = new Array<number>(streamCount).fill(0)
  const waiting = Array.from({ length: streamCount }, (_, stream) => stream)
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let stream = waiting.pop(); stream !== undefined; stream = waiting.pop()) {
        if (!(await store.append(stream, 0, [payload()]))) throw new Error(`${store.name} did not take the first event of stream ${stream}`)
        versions[stream] = 1
      }
    }),
  )
  return versions
}
