import type { KeyedLog } from '../store/keyed-log.ts'
import { type CommandMemory, type CommandVerdict, decideCommand, emptyMemory, sequenceWindow } from './decide.ts'

const epochKey = 'command/epoch'
const seenPrefix = 'command/seen/'

/** The sequences that this agent has obeyed, on its disk before the command is carried out, so that not even a loss of power lets one be obeyed twice. */
export class CommandLog {
  readonly #log: KeyedLog
  #memory: CommandMemory

  constructor(log: KeyedLog) {
    this.#log = log
    const epoch = Number(log.get(epochKey) ?? 0)
    const seen = Object.fromEntries([...log.entries(seenPrefix)].map(([key, id]) => [key.slice(seenPrefix.length), String(id)]))
    const highest = Math.max(0, ...Object.keys(seen).map(Number))
    this.#memory = { ...emptyMemory, epoch, highest, seen }
  }

  /** Highest hub epoch obeyed; 0 before the first command. */
  get epoch(): number {
    return this.#memory.epoch
  }

  /** Decides about a command and, when it is fresh, remembers it for good. */
  admit(command: { readonly id: string; readonly epoch: number; readonly sequence: number }): CommandVerdict {
    const verdict = decideCommand(this.#memory, command)
    if (verdict.verdict !== 'fresh') return verdict
    if (verdict.memory.epoch !== this.#memory.epoch) {
      for (const [key] of [...this.#log.entries(seenPrefix)]) this.#log.delete(key)
      this.#log.set(epochKey, verdict.memory.epoch)
    }
    const outside = verdict.memory.highest - sequenceWindow
    for (const sequence of Object.keys(this.#memory.seen)) if (Number(sequence) <= outside) this.#log.delete(seenPrefix + sequence)
    this.#log.set(seenPrefix + command.sequence, command.id, { durable: true })
    this.#memory = verdict.memory
    return verdict
  }
}
