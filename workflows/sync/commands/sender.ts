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
      for (let attempt = 1; ; attempt++) {
        const reply = await once(cluster, body, sending)
        // Another process may have used the number already, or one far ahead of it; under a new number the same command is a new one.
        const misnumbered = reply.outcome === 'refused' && reply.error.code === 'COMMAND_INVALID'
        if (!misnumbered || attempt === attempts) return reply
        next.skip()
      }
    },
  }
}

const attempts = 3

/**
 * Numbers that grow within a process and over its restarts without keeping anything: the milliseconds of the clock, one for each command even in a
 * burst. Several processes rarely meet in one millisecond; when they do, the later one is refused and skips ahead.
 */
function sequence(now: () => Date): (() => number) & { skip(): void } {
  let last = 0
  const next = () => {
    last = Math.max(last + 1, now().getTime())
    return last
  }
  return Object.assign(next, {
    skip: () => {
      last += randomInt(1, 200)
    },
  })
}
