import { type KeyObject, randomInt, randomUUID } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import { type CommandBody, CommandReply, signCommand, subjects } from '@fairlead/messages'
import type { NatsConnection } from '@nats-io/transport-node'

/** Sends signed commands to agents and gives their answers. */
export interface CommandSender {
  /** The agent's answer; throws `AGENT_UNREACHABLE` when there is none in time. */
  send(cluster: string, body: CommandBody, options?: SendOptions): Promise<CommandReply>
}

export interface SendOptions {
  /** How long the agent may take to answer; default: the sender's. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface CommandSenderOptions {
  readonly nats: NatsConnection
  /** The hub's private Ed25519 key. */
  readonly key: KeyObject
  /** The hub's incarnation, asked for each command. */
  readonly epoch: () => number | Promise<number>
  readonly now?: () => Date
  /** Default 5,000. */
  readonly timeoutMs?: number
}

/** A command is good this long before and after it was made, so that clocks may differ. */
const validForMs = 60_000

/** A sender over NATS request/reply. Several processes may send to one agent at a time. */
export function commandSender(options: CommandSenderOptions): CommandSender {
  const { nats, key, epoch, now = () => new Date(), timeoutMs = 5_000 } = options
  const next = sequence(now)

  const once = async (
    cluster: string,
    body: CommandBody,
    { timeoutMs: within = timeoutMs, signal }: SendOptions,
  ): Promise<CommandReply> => {
    signal?.throwIfAborted()
    const at = now().getTime()
    const header = {
      id: randomUUID(),
      cluster,
      epoch: await epoch(),
      sequence: next(),
      notBefore: new Date(at - validForMs),
      expires: new Date(at + validForMs),
    }
    const payload = JSON.stringify(signCommand(header, body, key))
    try {
      const reply = await nats.request(subjects.command(cluster), payload, { timeout: within })
      return CommandReply.parse(reply.json())
    } catch (cause) {
      throw new FairleadError('AGENT_UNREACHABLE', `the agent of ${cluster} did not answer a ${body.type} command`, {
        cause,
        where: { cluster },
      })
    }
  }

  return {
    async send(cluster, body, sending = {}) {
      const reply = await once(cluster, body, sending)
      // Two processes may number their commands alike or out of order; under a new number the same command is a new one.
      const again = reply.outcome === 'refused' && reply.error.code === 'COMMAND_INVALID'
      return again ? await once(cluster, body, sending) : reply
    },
  }
}

/**
 * Numbers that grow within a process, over its restarts, and differ between processes without asking anyone: milliseconds, one for each command even
 * in a burst, then twelve bits of the process's own. Exact in a JavaScript number until 2039.
 */
function sequence(now: () => Date): () => number {
  const own = randomInt(4_096)
  let lastMs = 0
  return () => {
    lastMs = Math.max(lastMs + 1, now().getTime())
    return lastMs * 4_096 + own
  }
}
