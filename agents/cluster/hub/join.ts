import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import { JoinReply, type JoinRequest, subjects } from '@fairlead/messages'
import type { Logger } from 'pino'
import { type ReconnectPolicy, reconnectDelay } from './backoff.ts'
import { connectToJoin } from './connection.ts'
import type { Identity } from './identity.ts'

export interface JoinOptions {
  readonly servers: string
  readonly identity: Identity
  /** Credentials that reach the join subject and nothing else. */
  readonly joinCreds: string
  /** File with the single-use token. */
  readonly tokenFile: string
  readonly about: Pick<JoinRequest, 'server' | 'kubernetesVersion' | 'agentVersion' | 'labels'>
  readonly reconnect: ReconnectPolicy
  readonly log: Logger
}

const replyTimeoutMs = 10_000

/**
 * Makes this agent a member of the fleet: shows the token and its public key, and keeps the credential that comes back. The private key is not
 * shown to anyone. Tries again while the hub cannot be reached. Throws `JOIN_REFUSED` when the hub says no.
 */
export async function join(options: JoinOptions, signal?: AbortSignal): Promise<void> {
  const { identity, log } = options
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    const reply = await ask(options).catch((error: unknown) => {
      log.info({ reason: error instanceof Error ? error.message : String(error) }, 'the hub cannot be reached to join')
      return undefined
    })
    if (reply?.outcome === 'accepted') {
      identity.join({ jwt: reply.jwt, hubKeys: reply.hubKeys, epoch: reply.epoch })
      log.info({ cluster: identity.cluster, publicKey: identity.publicKey }, 'joined')
      return
    }
    if (reply && !reply.error.retryable) throw FairleadError.fromJSON(reply.error as Parameters<typeof FairleadError.fromJSON>[0])
    await pause(reconnectDelay(options.reconnect, attempt + 1, Math.random()), undefined, { ...(signal && { signal }) })
  }
}

async function ask({ servers, identity, joinCreds, tokenFile, about }: JoinOptions): Promise<JoinReply> {
  const connection = await connectToJoin(servers, joinCreds)
  try {
    const request: JoinRequest = {
      v: 1,
      cluster: identity.cluster,
      token: readFileSync(tokenFile, 'utf8').trim(),
      publicKey: identity.publicKey,
      ...about,
    }
    const answer = await connection.request(subjects.join, JSON.stringify(request), { timeout: replyTimeoutMs })
    return JoinReply.parse(answer.json())
  } finally {
    await connection.close()
  }
}
