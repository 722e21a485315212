import { eventRegistry } from '@fairlead/events'
import { type EventContext, type Ledger, openLedger } from '@fairlead/ledger'
import { type Postgres, startPostgres, temporaryFolder } from '@fairlead/local'
import { fleetProjectionOf } from '../projection/projection.ts'
import { openReadModel, type ReadModel } from '../read-model.ts'
import type { Written } from './fleet.ts'

export const context: EventContext = { actor: { kind: 'system', name: 'fairlead', authenticatedBy: 'process' }, correlation: 'test' }

/** A ledger on a real Postgres with the read models running beside it. */
export interface TestLog extends AsyncDisposable {
  readonly ledger: Ledger
  readonly readModel: ReadModel
  readonly postgres: Postgres
  readonly url: string
  /** Appends each event to its stream, many in one append; gives the last position. */
  write(events: Iterable<Written>, as?: Partial<EventContext>): Promise<number>
  /** The same, and waits until reads see it. */
  settle(events: Iterable<Written>, as?: Partial<EventContext>): Promise<number>
}

export interface TestLogOptions {
  /** Let the projection run; default true. */
  readonly run?: boolean
  readonly settings?: Readonly<Record<string, string>>
  /** Rows of a segment of history. */
  readonly segmentRows?: number
}

export async function openTestLog(options: TestLogOptions = {}): Promise<TestLog> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder('readmodel'))
  const postgres = stack.use(await startPostgres({ dir: folder.path, ...(options.settings && { settings: options.settings }) }))
  const url = await postgres.database('fairlead')
  const ledger = stack.use(
    await openLedger({
      connectionString: url,
      registry: eventRegistry,
    }),
  )
  const readModel = openReadModel(ledger, options.segmentRows === undefined ? undefined : fleetProjectionOf(options.segmentRows))
  const stop = new AbortController()
  const running = options.run === false ? Promise.resolve() : readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await running
  })
  const write = async (events: Iterable<Written>, as: Partial<EventContext> = {}) => {
    let last = 0
    for (const streams of grouped(events)) {
      const result = await ledger.append({ streams, context: { ...context, ...as } })
      if (result.outcome === 'conflict') throw new Error(`conflict on ${result.stream}`)
      last = result.position
    }
    return last
  }
  return {
    ledger,
    readModel,
    postgres,
    url,
    write,
    async settle(events, as) {
      const position = await write(events, as)
      await readModel.waitFor(position, 30_000)
      return position
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Appends of up to 1,000 events in the order of the history: an append names each stream once, so a stream's next event begins another. */
function* grouped(events: Iterable<Written>) {
  let streams = new Map<string, Written['event']>()
  const flush = () => [...streams].map(([stream, event]) => ({ stream, expected: 'any' as const, events: [event] }))
  for (const { stream, event } of events) {
    if (streams.has(stream) || streams.size === 1_000) {
      yield flush()
      streams = new Map()
    }
    streams.set(stream, event)
  }
  if (streams.size > 0) yield flush()
}
