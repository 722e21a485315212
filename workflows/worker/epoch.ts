import { HubStarted, hubStream } from '@fairlead/events'
import type { Ledger } from '@fairlead/ledger'

/** The hub's newest incarnation, followed. */
export interface FollowedEpoch extends AsyncDisposable {
  /** Resolves once the log names an incarnation. */
  current(): Promise<number>
}

/** Follows `fleet.hub-started` in the log: commands must carry the newest epoch, and a hub may start at any time. */
export async function followEpoch(ledger: Pick<Ledger, 'read' | 'head' | 'subscribe'>): Promise<FollowedEpoch> {
  const stop = new AbortController()
  const first = Promise.withResolvers<void>()
  const types = [HubStarted.type]
  let epoch = 0
  const take = (events: readonly { readonly type: string; readonly data: unknown }[]) => {
    for (const event of events) if (HubStarted.is(event)) epoch = Math.max(epoch, event.data.epoch)
    if (epoch > 0) first.resolve()
  }
  const head = await ledger.head()
  for (let from = 0; ; ) {
    const events = await ledger.read({ stream: hubStream, types, from })
    take(events)
    const last = events.at(-1)
    if (!last) break
    from = last.position
  }
  const following = (async () => {
    for await (const { events } of ledger.subscribe({ after: head, types, signal: stop.signal })) take(events)
  })()
  return {
    async current() {
      await first.promise
      return epoch
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
    },
  }
}
