import type { ApplicationId } from '@fairlead/manifests'
import { clusterOfSubject, type DesiredIndex, DesiredPointer, desiredBucket, subjects } from '@fairlead/messages'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'

/** Answers agents that ask for the generations of all their pointers: one KV watch on the hub instead of one on each cluster. */
export async function serveDesiredIndex(connection: NatsConnection, signal: AbortSignal): Promise<void> {
  const bucket = await new Kvm(connection).open(desiredBucket)
  const index = new Map<string, Map<ApplicationId, number>>()
  let epoch = 1
  const watch = await bucket.watch({ key: '>' })
  const complete = Promise.withResolvers<void>()
  const following = (async () => {
    for await (const entry of watch) {
      const pointer = DesiredPointer.safeParse(entry.operation === 'PUT' ? entry.json() : undefined)
      if (pointer.success) {
        const cluster = entry.key.split('.')[0] ?? ''
        const applications = index.get(cluster) ?? new Map<ApplicationId, number>()
        index.set(cluster, applications.set(pointer.data.application, pointer.data.generation))
        epoch = Math.max(epoch, pointer.data.epoch)
      }
      if (entry.delta === 0) complete.resolve()
    }
  })()
  if ((await bucket.status()).values === 0) complete.resolve()
  const subscription = connection.subscribe(subjects.anyDesired, { queue: 'ingest' })
  signal.addEventListener(
    'abort',
    () => {
      subscription.unsubscribe()
      watch.stop()
    },
    { once: true },
  )
  await complete.promise
  for await (const message of subscription) {
    const applications = [...(index.get(clusterOfSubject(message.subject)) ?? [])]
    const reply: DesiredIndex = { epoch, applications: applications.map(([application, generation]) => ({ application, generation })) }
    message.respond(JSON.stringify(reply))
  }
  await following
}
