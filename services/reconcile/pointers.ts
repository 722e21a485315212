import type { ClusterId } from '@fairlead/manifests'
import { DesiredPointer, desiredBucket, desiredKey, type Notify, subjects } from '@fairlead/messages'
import type { ApplicationState } from '@fairlead/readmodel'
import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { type PlacedPointer, pointersOf, saysTheSame } from './pointer.ts'

const notifySize = 500

/** Writes desired pointers and tells the agents which have changed. A pointer that says what the bucket says already is not written again. */
export class Pointers {
  readonly #connection: NatsConnection
  readonly #bucket: KV
  readonly #epoch: number
  readonly #written = new Map<string, DesiredPointer>()
  /** Cluster of each application's live pointer, to leave a tombstone behind when it moves. */
  readonly #places = new Map<string, ClusterId>()

  private constructor(connection: NatsConnection, bucket: KV, epoch: number) {
    this.#connection = connection
    this.#bucket = bucket
    this.#epoch = epoch
  }

  /** Opens the bucket and reads what it says. */
  static async open(connection: NatsConnection, epoch: number): Promise<Pointers> {
    const bucket = await new Kvm(connection).create(desiredBucket, { history: 1, allow_direct: true } as Parameters<Kvm['create']>[1])
    const pointers = new Pointers(connection, bucket, epoch)
    if ((await bucket.status()).values === 0) return pointers
    const watch = await bucket.watch({ key: '>' })
    for await (const entry of watch) {
      const pointer = DesiredPointer.safeParse(entry.operation === 'PUT' ? entry.json() : undefined)
      if (pointer.success) pointers.#note(entry.key, entry.key.split('.')[0] as ClusterId, pointer.data)
      if (entry.delta === 0) break
    }
    return pointers
  }

  /** Makes the bucket say what the states mean. */
  async write(states: Iterable<ApplicationState>): Promise<void> {
    const due: PlacedPointer[] = []
    for (const state of states) {
      for (const placed of pointersOf(state, this.#places.get(state.id), this.#epoch)) {
        const known = this.#written.get(desiredKey(placed.cluster, state.id))
        if (!known || !saysTheSame(known, placed.pointer)) due.push(placed)
      }
    }
    await Promise.all(
      due.map(async ({ cluster, pointer }) => {
        const key = desiredKey(cluster, pointer.application)
        await this.#bucket.put(key, JSON.stringify(pointer))
        this.#note(key, cluster, pointer)
      }),
    )
    for (const [cluster, placed] of Map.groupBy(due, ({ cluster }) => cluster)) this.#notify(cluster, placed)
  }

  #note(key: string, cluster: ClusterId, pointer: DesiredPointer): void {
    this.#written.set(key, pointer)
    if (pointer.state === 'live') this.#places.set(pointer.application, cluster)
    else if (this.#places.get(pointer.application) === cluster) this.#places.delete(pointer.application)
  }

  #notify(cluster: ClusterId, placed: readonly PlacedPointer[]): void {
    for (let at = 0; at < placed.length; at += notifySize) {
      const changed = placed
        .slice(at, at + notifySize)
        .map(({ pointer }) => ({ application: pointer.application, generation: pointer.generation }))
      const notify: Notify = { epoch: this.#epoch, changed }
      this.#connection.publish(subjects.notify(cluster), JSON.stringify(notify))
    }
  }
}
