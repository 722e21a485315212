import { desiredBucket, eventStream, subjects } from '@fairlead/messages'
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'

const hours = 60 * 60 * 1_000_000_000

/**
 * Makes the event stream, its consumers and the bucket of desired pointers, or brings them up to date. Safe to call from several processes. Gives the
 * durable pull consumers of the hub: one for the fleet, or `partitions` of them with the clusters spread over them. Let the backlog drain before going from one
 * number above 1 to a smaller one.
 */
export async function ensureBus(connection: NatsConnection, partitions = 1): Promise<string[]> {
  const manager = await jetstreamManager(connection)
  await ensureStream(manager, partitions)
  const names = Array.from({ length: partitions }, (_, index) => (partitions === 1 ? 'ingest' : `ingest-${index}-of-${partitions}`))
  // Consumers of a work queue may not overlap: those of another number of partitions go first.
  for await (const { name } of manager.consumers.list(eventStream)) {
    if (name.startsWith('ingest') && !names.includes(name)) await manager.consumers.delete(eventStream, name)
  }
  for (const [index, name] of names.entries()) {
    await manager.consumers.add(eventStream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: 60_000_000_000,
      max_ack_pending: 2_000,
      max_deliver: -1,
      inactive_threshold: 30 * 24 * hours,
      ...(partitions > 1 && { filter_subjects: filtersOf(index) }),
    })
  }
  await new Kvm(connection).create(desiredBucket, { history: 1, allow_direct: true } as Parameters<Kvm['create']>[1])
  return names
}

async function ensureStream(manager: JetStreamManager, partitions: number): Promise<void> {
  // The partition stands behind the subject that the agent used, so the cluster keeps its place in it.
  const transform = { src: 'fairlead.v1.*.evt.*', dest: `fairlead.v1.{{wildcard(1)}}.evt.{{wildcard(2)}}.{{partition(${partitions},1)}}` }
  const config = {
    name: eventStream,
    subjects: [subjects.anyEvent],
    storage: StorageType.File,
    // Committed events are acknowledged and leave; what is left is the backlog. New ones are refused when it is full, and agents keep theirs.
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: 1024 ** 3,
    duplicate_window: 120_000_000_000,
    ...(partitions > 1 && { subject_transform: transform }),
  }
  try {
    await manager.streams.add(config)
  } catch (error) {
    if (!/already in use/.test(String(error))) throw error
    const { subject_transform: _, ...known } = (await manager.streams.info(eventStream)).config
    await manager.streams.update(eventStream, { ...known, ...config })
  }
}

/** The first partition also takes what came in before there were partitions. */
function filtersOf(index: number): string[] {
  const own = `fairlead.v1.*.evt.*.${index}`
  return index === 0 ? ['fairlead.v1.*.evt.*', own] : [own]
}
