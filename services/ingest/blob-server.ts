import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { FairleadError } from '@fairlead/errors'
import type { Ledger } from '@fairlead/ledger'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { BlobRequest, blobChunkBytes, blobHeaders, clusterOfSubject, subjects } from '@fairlead/messages'
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Knowledge } from './knowledge.ts'

const deflated = promisify(deflate)
/** Requests answered at once; the rest wait in the subscription. */
const atOnce = 16

/**
 * Answers agents that fetch bundles and plans: to the request's inbox, each blob deflated in chunks, then an end mark. A digest that does not exist and one
 * that is another cluster's get the same answer.
 */
export async function serveBlobs(
  deps: { readonly connection: NatsConnection; readonly ledger: Ledger; readonly knowledge: Knowledge; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const subscription = deps.connection.subscribe(subjects.anyBundle, { queue: 'ingest' })
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
  const running = new Set<Promise<void>>()
  for await (const message of subscription) {
    const answer = answerOne(message).finally(() => running.delete(answer))
    running.add(answer)
    if (running.size >= atOnce) await Promise.race(running)
  }
  await Promise.all(running)

  async function answerOne(message: Msg): Promise<void> {
    try {
      const request = BlobRequest.parse(message.json())
      const cluster = clusterOfSubject(message.subject) as ClusterId
      if (request.digests.some((digest) => !deps.knowledge.assignments.mayRead(cluster, digest))) await deps.knowledge.caughtUp(signal)
      for (const digest of request.digests) await send(message, cluster, digest)
    } catch (error) {
      deps.log.warn(
        { subject: message.subject },
        `a blob request was not answered in full: ${error instanceof Error ? error.message : error}`,
      )
      // Without an end mark the agent knows that it has not heard everything, and asks again.
      return
    }
    const end = headers()
    end.set(blobHeaders.end, '1')
    message.respond('', { headers: end })
  }

  async function send(message: Msg, cluster: ClusterId, digest: Digest): Promise<void> {
    const bytes = deps.knowledge.assignments.mayRead(cluster, digest) ? await stored(deps.ledger, digest) : undefined
    const head = headers()
    head.set(blobHeaders.digest, digest)
    if (!bytes) {
      head.set(blobHeaders.missing, '1')
      message.respond('', { headers: head })
      return
    }
    const packed = await deflated(bytes, { level: 1 })
    const chunks = Math.max(1, Math.ceil(packed.length / blobChunkBytes))
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = headers()
      part.set(blobHeaders.digest, digest)
      part.set(blobHeaders.chunk, String(chunk))
      part.set(blobHeaders.chunks, String(chunks))
      message.respond(packed.subarray(chunk * blobChunkBytes, (chunk + 1) * blobChunkBytes), { headers: part })
    }
  }
}

/** A blob's content; undefined when the ledger does not have it, so that one lost blob does not keep the others of a request back. */
async function stored(ledger: Ledger, digest: Digest): Promise<Uint8Array | undefined> {
  try {
    return await ledger.blobs.get(digest)
  } catch (error) {
    if (FairleadError.is(error) && error.code === 'BLOB_NOT_FOUND') return undefined
    throw error
  }
}
