import { ClusterRevoked } from '@fairlead/events'
import { serveBlobs } from './blob-server.ts'
import { consumeEvents } from './consume.ts'
import { serveDesiredIndex } from './desired-index.ts'
import { ensureBus } from './fleet-bus.ts'
import { type JoinDeps, serveJoins } from './join.ts'
import { Knowledge } from './knowledge.ts'
import { Presence, type PresenceOptions } from './presence.ts'
import { Revocations } from './revocations.ts'
import { type RevokeDeps, revokeKeys } from './revoke.ts'

export interface IngestDeps extends Omit<JoinDeps, 'knowledge'>, RevokeDeps {
  readonly presence?: PresenceOptions
  /** Consumers over which the clusters' reports are spread. Default 1. */
  readonly partitions?: number
}

/** A running ingest: agents' reports go into the ledger, agents' questions are answered. Disposing finishes what is in hand. */
export interface Ingest extends AsyncDisposable {
  readonly knowledge: Knowledge
  /** Rejects when a part of it has failed for good. */
  readonly done: Promise<void>
}

/** Starts ingesting; ready when it returns. */
export async function startIngest(deps: IngestDeps, signal?: AbortSignal): Promise<Ingest> {
  const stop = new AbortController()
  const consumers = await ensureBus(deps.connection, deps.partitions)
  const onEvent = (event: { readonly type: string }) => {
    if (event.type === ClusterRevoked.type) revocations.look()
  }
  const knowledge = await Knowledge.open(deps.ledger, [onEvent], signal)
  const revocations = new Revocations({
    revoke: (keys) => revokeKeys(deps, keys),
    revoked: () => knowledge.assignments.revoked,
    log: deps.log,
  })
  // Some may have been recorded while nobody was here to carry them out.
  revocations.look()
  const presence = new Presence(deps.connection, deps.ledger, () => knowledge.assignments.connected, deps.presence)
  const parts = { ...deps, knowledge }
  const done = Promise.all([
    ...consumers.map((consumer) => consumeEvents({ ...parts, consumer, onMessage: (cluster) => presence.touch(cluster) }, stop.signal)),
    serveBlobs(parts, stop.signal),
    serveDesiredIndex(deps.connection, stop.signal),
    serveJoins(parts, stop.signal),
  ]).then(() => undefined)
  // The server has the subscriptions, so what is asked from now on has somebody to answer it.
  await deps.connection.flush()
  return {
    knowledge,
    done,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done.catch(() => undefined)
      await presence[Symbol.asyncDispose]()
      await revocations[Symbol.asyncDispose]()
      await knowledge[Symbol.asyncDispose]()
    },
  }
}
