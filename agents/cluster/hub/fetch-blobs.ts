import type { Digest } from '@fairlead/manifests'
import { type BlobRequest, blobHeaders, inboxPrefix, subjects } from '@fairlead/messages'
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { FetchBlobs } from './blobs.ts'

/** The hub is taken to be away when nothing has come for this long. */
const quietMs = 5_000

/** Gets blobs over the bus: one request, any number of chunks in any order of blobs, an end marker. */
export function fetchOverBus(connection: NatsConnection, cluster: string): FetchBlobs {
  return (digests, got, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const parts = new Map<string, (Buffer | undefined)[]>()
    const inbox = createInbox(inboxPrefix(cluster))
    let quiet = setTimeout(() => reject(new Error('the hub did not answer')), quietMs)
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return reject(error)
        if (message.headers?.code === 503) return reject(new Error('nobody serves blobs'))
        clearTimeout(quiet)
        quiet = setTimeout(() => reject(new Error('the hub stopped in the middle')), quietMs)
        if (message.headers?.has(blobHeaders.end)) resolve()
        else take(message, parts, got)
      },
    })
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const request: BlobRequest = { digests: [...digests] }
    connection.publish(subjects.bundle(cluster), JSON.stringify(request), { reply: inbox })
    return promise.finally(() => {
      clearTimeout(quiet)
      signal.removeEventListener('abort', abort)
      subscription.unsubscribe()
    })
  }
}

function take(message: Msg, parts: Map<string, (Buffer | undefined)[]>, got: (digest: Digest, compressed: Buffer) => void): void {
  const digest = message.headers?.get(blobHeaders.digest) ?? ''
  const count = Number(message.headers?.get(blobHeaders.chunks))
  const index = Number(message.headers?.get(blobHeaders.chunk))
  if (digest === '' || message.headers?.has(blobHeaders.missing) || !(count > 0 && count <= 1_024) || !(index >= 0 && index < count)) return
  const chunks = parts.get(digest) ?? new Array<Buffer | undefined>(count).fill(undefined)
  parts.set(digest, chunks)
  chunks[index] = Buffer.from(message.data)
  if (chunks.some((chunk) => chunk === undefined)) return
  parts.delete(digest)
  got(digest as Digest, Buffer.concat(chunks as Buffer[]))
}
