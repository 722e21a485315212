import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { FairleadError, Redacted } from '@fairlead/errors'
import { ClusterJoined, ClusterRevoked, ClusterTokenIssued, clusterStream } from '@fairlead/events'
import type { EventContext, Ledger } from '@fairlead/ledger'
import { ClusterId } from '@fairlead/manifests'
import { type JoinReply, JoinRequest, subjects } from '@fairlead/messages'
import { encodeUser } from '@nats-io/jwt'
import { fromPublic, fromSeed } from '@nats-io/nkeys'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Knowledge } from './knowledge.ts'
import { clusterPermissions } from './permissions.ts'

export interface JoinDeps {
  readonly connection: NatsConnection
  readonly ledger: Ledger
  readonly knowledge: Knowledge
  readonly log: Logger
  /** Public id of the fleet's NATS account. */
  readonly account: string
  /** Seed of that account's signing key. */
  readonly accountSeed: Redacted
  /** Keys whose commands agents obey. */
  readonly hubKeys: readonly KeyObject[]
}

/** The only form in which a join token is kept: SHA-256, hex. */
export function tokenFingerprint(token: Redacted): string {
  return createHash('sha256').update(token.reveal()).digest('hex')
}

/** A new single-use token for `cluster`. Shown once; the log holds its fingerprint. */
export async function issueToken(ledger: Ledger, cluster: ClusterId, validForMs: number, context: EventContext): Promise<Redacted> {
  const token = new Redacted(randomBytes(24).toString('base64url'))
  await admitToken(ledger, cluster, token, validForMs, context)
  return token
}

/** Admits a token that someone else has made, such as the embedded stack for its own clusters. A token that is known already stays as it is. */
export async function admitToken(
  ledger: Ledger,
  cluster: ClusterId,
  token: Redacted,
  validForMs: number,
  context: EventContext,
): Promise<void> {
  const fingerprint = tokenFingerprint(token)
  const expiresAt = new Date(Date.now() + validForMs).toISOString()
  const events = [ClusterTokenIssued.of({ cluster, fingerprint, expiresAt })]
  await ledger.append({
    streams: [{ stream: clusterStream(cluster), expected: 'any', events }],
    idempotencyKey: `token:${fingerprint}`,
    context,
  })
}

/** Answers agents that want to join: a good token gives a NATS user for the agent's own key, with the rights of its cluster only. */
export async function serveJoins(deps: JoinDeps, signal: AbortSignal): Promise<void> {
  const subscription = deps.connection.subscribe(subjects.join, { queue: 'ingest' })
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
  for await (const message of subscription) {
    let reply: JoinReply
    try {
      reply = await admit(deps, message.json())
    } catch (error) {
      const failure = FairleadError.is(error)
        ? error
        : new FairleadError('JOIN_REFUSED', 'the request is not a valid join request', { cause: error })
      deps.log.warn({ code: failure.code }, failure.message)
      reply = { outcome: 'refused', error: failure.toJSON() }
    }
    message.respond(JSON.stringify(reply))
  }
}

async function admit(deps: JoinDeps, payload: unknown): Promise<JoinReply> {
  const request = JoinRequest.parse(payload)
  const cluster = ClusterId.parse(request.cluster)
  // Refuses what is no user key, before anything is written.
  const user = fromPublic(request.publicKey)
  const fingerprint = tokenFingerprint(new Redacted(request.token))
  await deps.knowledge.caughtUp()
  const token = deps.knowledge.assignments.token(fingerprint)
  const where = { cluster }
  if (token?.cluster !== cluster) throw new FairleadError('JOIN_REFUSED', `no such token for cluster ${cluster}`, { where })
  // The same agent asking again (its first answer was lost) is let in; anyone else is not.
  const again = token.used && deps.knowledge.assignments.keyOf(cluster) === request.publicKey
  if (token.used && !again) throw new FairleadError('JOIN_REFUSED', `the token for cluster ${cluster} has been used`, { where })
  if (!again && token.expiresAt < new Date())
    throw new FairleadError('JOIN_REFUSED', `the token for cluster ${cluster} has expired`, { where })
  if (!again) await recordJoin(deps, cluster, request, fingerprint)
  const jwt = await encodeUser(`cluster-${cluster}`, user, deps.account, clusterPermissions(cluster), {
    signer: fromSeed(new TextEncoder().encode(deps.accountSeed.reveal())),
  })
  return { outcome: 'accepted', jwt, hubKeys: deps.hubKeys.map(spkiOf), epoch: Math.max(1, deps.knowledge.assignments.epoch) }
}

async function recordJoin(deps: JoinDeps, cluster: ClusterId, request: JoinRequest, fingerprint: string): Promise<void> {
  const { publicKey, server, kubernetesVersion, agentVersion, labels } = request
  const joined = ClusterJoined.of({ cluster, publicKey, tokenFingerprint: fingerprint, server, kubernetesVersion, agentVersion, labels })
  // One agent to a cluster: whoever had the place gives it up with the same append.
  const before = deps.knowledge.assignments.keyOf(cluster)
  const left = before === undefined || before === publicKey ? [] : [ClusterRevoked.of({ cluster, publicKey: before })]
  const result = await deps.ledger.append({
    streams: [{ stream: clusterStream(cluster), expected: 'any', events: [...left, joined] }],
    // Two agents racing with one token: the second one's append is a repeat of the first and its key is not the recorded one.
    idempotencyKey: `join:${fingerprint}`,
    context: { actor: { kind: 'agent', name: cluster, authenticatedBy: 'join-token' }, correlation: `join:${fingerprint.slice(0, 16)}` },
  })
  await deps.knowledge.caughtUp()
  if (result.outcome !== 'ok' && deps.knowledge.assignments.keyOf(cluster) !== publicKey) {
    throw new FairleadError('JOIN_REFUSED', `the token for cluster ${cluster} has been used`, { where: { cluster } })
  }
  deps.log.info({ cluster, server, kubernetesVersion }, 'cluster joined')
}

function spkiOf(key: KeyObject): string {
  const pub = key.type === 'private' ? createPublicKey(key) : key
  return pub.export({ type: 'spki', format: 'der' }).toString('base64')
}
