import type { KeyedLog } from '../store/keyed-log.ts'
import { type CommandMemory, type CommandVerdict, decideCommand, emptyMemory } from './decide.ts'

const epochKey = 'command/epoch'
const floorKey = 'command/floor'
const seenPrefix = 'command/seen/'

/** The sequences that this agent has obeyed, on its disk before the command is carried out, so that not even a loss of power lets one be obeyed twice. */
export class CommandLog {
  readonly #log: KeyedLog
  #memory: CommandMemory

  constructor(log: KeyedLog) {
    this.#log = log
    const epoch = Number(log.get(epochKey) ?? 0)
    const seen = Object.fromEntries([...log.entries(seenPrefix)].map(([key, id]) => [key.slice(seenPrefix.length), String(id)]))
    this.#memory = { ...emptyMemory, epoch, floor: Number(log.get(floorKey) ?? 0), seen }
  }

  /** Highest hub epoch obeyed; 0 before the first command. */
  get epoch(): number {
    return this.#memory.epoch
  }

  /** Decides about a command and, when it is fresh, remembers it for good. */
  admit(command: { readonly id: string; readonly epoch: number; readonly sequence: number }): CommandVerdict {
    const verdict = decideCommand(this.#memory, command)
    if (verdict.verdict !== 'fresh') return verdict
    const { epoch, floor, seen } = verdict.memory
    if (epoch !== this.#memory.epoch) this.#log.set(epochKey, epoch)
    if (floor !== this.#memory.floor) this.#log.set(floorKey, floor)
    for (const sequence of Object.keys(this.#memory.seen)) if (!(sequence in seen)) this.#log.delete(seenPrefix + sequence)
    this.#log.set(seenPrefix + command.sequence, command.id, { durable: true })
    this.#memory = verdict.memory
    return verdict
  }
}
