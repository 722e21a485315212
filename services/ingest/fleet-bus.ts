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

/** Durable pull consumer of the hub: one for the fleet, whatever the number of clusters. */
export const ingestConsumer = 'ingest'

const hours = 60 * 60 * 1_000_000_000

/** Makes the event stream, its consumer and the bucket of desired pointers when they are missing. Safe to call from several processes. */
export async function ensureBus(connection: NatsConnection): Promise<JetStreamManager> {
  const manager = await jetstreamManager(connection)
  await manager.streams.add({
    name: eventStream,
    subjects: [subjects.anyEvent],
    storage: StorageType.File,
    // Committed events are acknowledged and leave; what is left is the backlog. New ones are refused when it is full, and agents keep theirs.
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: 1024 ** 3,
    duplicate_window: 120_000_000_000,
  })
  await manager.consumers.add(eventStream, {
    durable_name: ingestConsumer,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: 60_000_000_000,
    max_ack_pending: 2_000,
    max_deliver: -1,
    inactive_threshold: 30 * 24 * hours,
  })
  await new Kvm(connection).create(desiredBucket, { history: 1, allow_direct: true } as Parameters<Kvm['create']>[1])
  return manager
}
