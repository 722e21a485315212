import type { KeyObject } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import type { RecordedError } from '@fairlead/events'
import { type CommandBody, type CommandReply, type SignedCommand, verifyCommand } from '@fairlead/messages'
import type { Logger } from 'pino'
import { diffBundle, getObject, type InspectTools } from './inspect.ts'
import type { CommandLog } from './memory.ts'

export interface ReceiverOptions {
  readonly cluster: string
  /** Public keys of the hub, pinned on joining. */
  readonly hubKeys: readonly KeyObject[]
  readonly memory: CommandLog
  readonly inspect: InspectTools
  readonly take: (body: Extract<CommandBody, { type: 'steps' }>, epoch: number) => void
  readonly finish: (body: Extract<CommandBody, { type: 'finish' }>) => void
  readonly refresh: (application: string) => void
  /** Tells the hub that a command was refused. */
  readonly reject: (command: string, error: RecordedError) => void
  readonly log: Logger
}

const inspectTimeoutMs = 30_000
/** More refusals than this in a minute are not reported one by one: whoever floods the agent must not fill the log. */
const maxRejectionsPerMinute = 20

/**
 * Judges each command (signature, addressee, time, repetition) before anything else is done with it, answers at once, and hands what is to be done on. Reads are
 * answered with what was asked for.
 */
export class CommandReceiver {
  readonly #options: ReceiverOptions
  #rejections: number[] = []

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** The reply to a command as it came over the bus; never throws. */
  async receive(data: Uint8Array, now: Date): Promise<CommandReply> {
    const { cluster, hubKeys, memory } = this.#options
    const payload = parsed(data)
    const id = idOf(payload)
    let command: SignedCommand
    try {
      command = verifyCommand(payload, cluster, hubKeys, now)
    } catch (error) {
      return this.#refuse(id, FairleadError.from(error))
    }
    const verdict = memory.admit(command)
    if (verdict.verdict === 'refused') return this.#refuse(id, new FairleadError('COMMAND_INVALID', `command refused: ${verdict.reason}`))
    if (verdict.verdict === 'duplicate' && !isRead(command.body)) return { outcome: 'duplicate', id }
    try {
      return await this.#obey(id, command)
    } catch (error) {
      if (FairleadError.is(error) && error.code === 'AGENT_REFUSED') return this.#refuse(id, error)
      this.#options.log.warn({ err: error, command: id, type: command.body.type }, 'a command failed')
      return { outcome: 'refused', id, error: FairleadError.from(error, { cluster }).toJSON() }
    }
  }

  async #obey(id: string, { body, epoch }: SignedCommand): Promise<CommandReply> {
    const { inspect, take, finish, refresh } = this.#options
    switch (body.type) {
      case 'steps':
        take(body, epoch)
        return { outcome: 'accepted', id }
      case 'finish':
        finish(body)
        return { outcome: 'accepted', id }
      case 'refresh':
        refresh(body.application)
        return { outcome: 'accepted', id }
      case 'diff':
        return { outcome: 'diff', id, objects: await diffBundle(inspect, body, AbortSignal.timeout(inspectTimeoutMs)) }
      case 'get': {
        const object = await getObject(inspect, body.ref, body.apiVersion, AbortSignal.timeout(inspectTimeoutMs))
        return { outcome: 'object', id, manifest: object }
      }
    }
  }

  #refuse(id: string, error: FairleadError): CommandReply {
    const { cluster, reject, log } = this.#options
    const recorded = error.at({ cluster }).toJSON()
    const minute = Date.now() - 60_000
    this.#rejections = this.#rejections.filter((at) => at > minute)
    if (this.#rejections.length < maxRejectionsPerMinute) {
      this.#rejections.push(Date.now())
      log.warn({ command: id, reason: error.message }, 'a command was refused')
      reject(id, recorded)
    }
    return { outcome: 'refused', id, error: recorded }
  }
}

/** A read changes nothing, so answering it again is the right answer to a repeat. */
function isRead(body: CommandBody): boolean {
  return body.type === 'diff' || body.type === 'get'
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    return undefined
  }
}

/** What a command calls itself, before anything about it is believed. */
function idOf(payload: unknown): string {
  const id = typeof payload === 'object' && payload !== null ? (payload as { readonly id?: unknown }).id : undefined
  return typeof id === 'string' ? id.slice(0, 200) : 'unknown'
}
