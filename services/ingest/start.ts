import { FairleadError } from '@fairlead/errors'
import { ClusterRevoked } from '@fairlead/events'
import { serveBlobs } from './blob-server.ts'
import { consumeEvents } from './consume.ts'
import { serveDesiredIndex } from './desired-index.ts'
import { ensureBus } from './fleet-bus.ts'
import { type JoinDeps, serveJoins } from './join.ts'
import { Knowledge } from './knowledge.ts'
import { Presence, type PresenceOptions } from './presence.ts'
import { type RevokeDeps, revokeKey } from './revoke.ts'

export interface IngestDeps extends Omit<JoinDeps, 'knowledge'>, RevokeDeps {
  readonly presence?: PresenceOptions
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
  await ensureBus(deps.connection)
  const revoke = (event: { readonly type: string; readonly data: unknown }) => {
    if (!ClusterRevoked.is(event)) return
    const { publicKey, cluster } = event.data
    revokeKey(deps, publicKey).then(
      () => deps.log.info({ cluster }, 'revoked'),
      (error) =>
        deps.log.error({ cluster, code: FairleadError.from(error).code }, `revocation failed: ${FairleadError.from(error).message}`),
    )
  }
  const knowledge = await Knowledge.open(deps.ledger, [revoke], signal)
  const presence = new Presence(deps.connection, deps.ledger, deps.presence)
  const parts = { ...deps, knowledge }
  const done = Promise.all([
    consumeEvents({ ...parts, onMessage: (cluster) => presence.touch(cluster) }, stop.signal),
    serveBlobs(parts, stop.signal),
    serveDesiredIndex(deps.connection, stop.signal),
    serveJoins(parts, stop.signal),
  ]).then(() => undefined)
  return {
    knowledge,
    done,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done.catch(() => undefined)
      await presence[Symbol.asyncDispose]()
      await knowledge[Symbol.asyncDispose]()
    },
  }
}
