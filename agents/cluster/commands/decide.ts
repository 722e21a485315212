/** Sequences that are remembered. One that lies below all of them counts as a repeat, so a command may be overtaken by this many others. */
export const rememberedSequences = 1_024

/** What an agent remembers of commands, on disk, so that none is obeyed twice. */
export interface CommandMemory {
  /** Highest hub incarnation that was ever obeyed. */
  readonly epoch: number
  /** Highest sequence of that epoch that is no longer remembered. */
  readonly floor: number
  /** Remembered sequences, with the command's id. */
  readonly seen: Readonly<Record<string, string>>
}

export const emptyMemory: CommandMemory = { epoch: 0, floor: 0, seen: {} }

export type CommandVerdict =
  | { readonly verdict: 'fresh'; readonly memory: CommandMemory }
  /** The very same command again: answered as before, done once. */
  | { readonly verdict: 'duplicate' }
  | { readonly verdict: 'refused'; readonly reason: string }

/** Whether a command whose signature, addressee and time have been verified is new. Sequences may have gaps of any size and come in any order. */
export function decideCommand(
  memory: CommandMemory,
  command: { readonly id: string; readonly epoch: number; readonly sequence: number },
): CommandVerdict {
  if (command.epoch < memory.epoch) {
    return { verdict: 'refused', reason: `it comes from hub epoch ${command.epoch}, and epoch ${memory.epoch} has been obeyed already` }
  }
  const before = command.epoch === memory.epoch ? memory : { ...emptyMemory, epoch: command.epoch }
  const known = before.seen[command.sequence]
  if (known === command.id) return { verdict: 'duplicate' }
  if (known !== undefined) return { verdict: 'refused', reason: `sequence ${command.sequence} belongs to another command` }
  if (command.sequence <= before.floor) {
    return { verdict: 'refused', reason: `sequence ${command.sequence} lies too far behind` }
  }
  const seen = { ...before.seen, [command.sequence]: command.id }
  const sequences = Object.keys(seen)
  if (sequences.length <= rememberedSequences) return { verdict: 'fresh', memory: { ...before, seen } }
  // Keys that are whole numbers come in ascending order only up to 2^32; sequences can be milliseconds of the clock.
  const floor = sequences.reduce((lowest, sequence) => Math.min(lowest, Number(sequence)), Number.POSITIVE_INFINITY)
  const { [String(floor)]: _, ...kept } = seen as Record<string, string>
  return { verdict: 'fresh', memory: { ...before, floor, seen: kept } }
}
