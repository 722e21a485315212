import {
  ApplicationDeclared,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ClusterConnected,
  ClusterDisconnected,
  ClusterJoined,
  ClusterRevoked,
  ClusterTokenIssued,
  HubStarted,
} from '@fairlead/events'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'

/** A join token as the log knows it. */
export interface IssuedToken {
  readonly cluster: ClusterId
  readonly expiresAt: Date
  readonly used: boolean
}

/** The event types that `Assignments` folds. */
export const assignmentTypes: readonly string[] = [
  ApplicationDeclared,
  ApplicationRendered,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ClusterTokenIssued,
  ClusterJoined,
  ClusterRevoked,
  ClusterConnected,
  ClusterDisconnected,
  HubStarted,
].map(({ type }) => type)

/**
 * What the hub must know to judge an agent: whose application is whose, which blobs a cluster may read, which tokens and keys are good. A fold of the
 * log; memory grows with applications and with the digests of their last few bundles and plans.
 */
export class Assignments {
  readonly #clusters = new Map<ApplicationId, Set<ClusterId>>()
  readonly #digests = new Map<ApplicationId, Digest[]>()
  readonly #readers = new Map<Digest, Map<ApplicationId, number>>()
  readonly #tokens = new Map<string, IssuedToken>()
  readonly #keys = new Map<ClusterId, string>()
  readonly #revoked = new Map<string, Date>()
  readonly #connected = new Set<ClusterId>()
  /** The highest hub incarnation so far; 0 before the first. */
  epoch = 0

  /** Takes in one event of the log. */
  apply(event: { readonly type: string; readonly data: unknown; readonly recordedAt: string }): void {
    const { recordedAt } = event
    if (ApplicationDeclared.is(event)) this.#assign(event.data.application, event.data.cluster)
    else if (ApplicationRendered.is(event)) {
      this.#assign(event.data.application, event.data.cluster)
      this.#mayRead(event.data.application, event.data.bundle)
    } else if (ApplicationOperationStarted.is(event)) {
      this.#assign(event.data.application, event.data.cluster)
      this.#mayRead(event.data.application, event.data.bundle)
    } else if (ApplicationPlanned.is(event)) this.#mayRead(event.data.application, event.data.plan)
    else if (ClusterTokenIssued.is(event)) {
      const { fingerprint, cluster, expiresAt } = event.data
      this.#tokens.set(fingerprint, { cluster, expiresAt: new Date(expiresAt), used: false })
    } else if (ClusterJoined.is(event)) {
      const { tokenFingerprint, cluster, publicKey } = event.data
      const token = this.#tokens.get(tokenFingerprint)
      if (token) this.#tokens.set(tokenFingerprint, { ...token, used: true })
      this.#keys.set(cluster, publicKey)
      // With a new token it may come back; credentials from before the revocation stay out.
      this.#revoked.delete(publicKey)
    } else if (ClusterRevoked.is(event)) {
      const { cluster, publicKey } = event.data
      if (this.#keys.get(cluster) === publicKey) this.#keys.delete(cluster)
      this.#revoked.set(publicKey, new Date(recordedAt))
    } else if (ClusterConnected.is(event)) this.#connected.add(event.data.cluster)
    else if (ClusterDisconnected.is(event)) this.#connected.delete(event.data.cluster)
    else if (HubStarted.is(event)) this.epoch = Math.max(this.epoch, event.data.epoch)
  }

  /** Whether `application` runs on `cluster`, or ever did: a late report of a moved application is still a fact. */
  owns(cluster: ClusterId, application: ApplicationId): boolean {
    return this.#clusters.get(application)?.has(cluster) ?? false
  }

  /** Whether `cluster` may read the blob: one of its own applications refers to it. */
  mayRead(cluster: ClusterId, digest: Digest): boolean {
    for (const application of this.#readers.get(digest)?.keys() ?? []) if (this.owns(cluster, application)) return true
    return false
  }

  token(fingerprint: string): IssuedToken | undefined {
    return this.#tokens.get(fingerprint)
  }

  /** Public key of the cluster's agent; undefined before it joined and after it was revoked. */
  keyOf(cluster: ClusterId): string | undefined {
    return this.#keys.get(cluster)
  }

  /** Keys of agents that may no longer take part, and since when. */
  get revoked(): ReadonlyMap<string, Date> {
    return this.#revoked
  }

  /** Clusters whose agents are connected as far as the log knows. */
  get connected(): ReadonlySet<ClusterId> {
    return this.#connected
  }

  #assign(application: ApplicationId, cluster: ClusterId | null): void {
    if (cluster === null) return
    const clusters = this.#clusters.get(application)
    if (clusters) clusters.add(cluster)
    else this.#clusters.set(application, new Set([cluster]))
  }

  /** Keeps the newest digests of each application: what runs, what is being planned, what a rollback may go back to. */
  #mayRead(application: ApplicationId, digest: Digest): void {
    const digests = this.#digests.get(application) ?? []
    this.#digests.set(application, digests)
    digests.push(digest)
    const readers = this.#readers.get(digest) ?? new Map<ApplicationId, number>()
    this.#readers.set(digest, readers)
    readers.set(application, (readers.get(application) ?? 0) + 1)
    if (digests.length <= keptDigests) return
    const oldest = digests.shift()
    if (oldest !== undefined) this.#forget(application, oldest)
  }

  #forget(application: ApplicationId, digest: Digest): void {
    const readers = this.#readers.get(digest)
    const count = (readers?.get(application) ?? 0) - 1
    if (count > 0) readers?.set(application, count)
    else readers?.delete(application)
    if (readers?.size === 0) this.#readers.delete(digest)
  }
}

const keptDigests = 32
