import { readFileSync } from 'node:fs'
import { inboxPrefix, joinInboxPrefix } from '@fairlead/messages'
import { connect, credsAuthenticator, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { type ReconnectPolicy, reconnectDelay } from './backoff.ts'
import type { Identity } from './identity.ts'

export interface ConnectionOptions {
  readonly servers: string
  readonly identity: Identity
  readonly reconnect: ReconnectPolicy
  readonly log: Logger
}

export interface ConnectionListener {
  /** The connection is up, for the first time or again. */
  readonly up: () => void
  readonly down: () => void
}

const authenticationFailed = /authorization violation|authentication|user authentication/i

/**
 * A connection with the agent's own credentials that is never given up: it waits for the bus at the start, and comes back after any loss with growing,
 * scattered waits. Its replies come to an inbox of its own that no other cluster can listen to.
 */
export async function connectAsMember(options: ConnectionOptions, signal?: AbortSignal): Promise<NatsConnection> {
  const { identity, log } = options
  // Tries since the connection was last up; the very first is made at once.
  let tries = -1
  const connection = await abortable(
    connect({
      servers: options.servers,
      name: `agent ${identity.cluster}`,
      authenticator: jwtAuthenticator(() => identity.membership?.jwt ?? '', identity.seed),
      inboxPrefix: inboxPrefix(identity.cluster),
      maxReconnectAttempts: -1,
      waitOnFirstConnect: true,
      ignoreAuthErrorAbort: true,
      // The wait belongs to each try, not to the time since the last connection, which may be long ago when it is lost.
      reconnectDelayHandler: () => 0,
      reconnectToServer: (servers) => {
        const delay = tries < 0 ? 0 : reconnectDelay(options.reconnect, tries, Math.random())
        if (tries++ > 0) log.debug({ tries, delay }, 'connecting to the bus')
        const server = servers[0]
        return server ? { server, delay } : null
      },
      timeout: 5_000,
      pingInterval: 20_000,
      maxPingOut: 2,
      noEcho: true,
    }),
    signal,
  )
  tries = 0
  void follow(connection, {
    up: () => {
      tries = 0
    },
    down: () => {},
  })
  return connection
}

/** Calls the listener as the connection comes and goes, until it is closed. */
export async function follow(connection: NatsConnection, listener: ConnectionListener): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'reconnect') listener.up()
    else if (status.type === 'disconnect') listener.down()
  }
}

/** A connection of an agent that has not joined: it reaches the join subject and nothing else. */
export function connectToJoin(servers: string, credsFile: string): Promise<NatsConnection> {
  return connect({
    servers,
    name: 'agent, joining',
    authenticator: credsAuthenticator(readFileSync(credsFile)),
    inboxPrefix: joinInboxPrefix,
    maxReconnectAttempts: 0,
    reconnect: false,
    timeout: 5_000,
  })
}

/** Whether the bus refused who we are, rather than being away. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && authenticationFailed.test(error.message)
}

async function abortable(pending: Promise<NatsConnection>, signal: AbortSignal | undefined): Promise<NatsConnection> {
  if (!signal) return pending
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([pending, promise])
  } catch (error) {
    void pending.then((connection) => connection.close()).catch(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
