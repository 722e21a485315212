/** How far back a command's sequence may lie behind the highest seen; older ones count as repeats. */
export const sequenceWindow = 1_024

/** What an agent remembers of commands, on disk, so that none is obeyed twice. */
export interface CommandMemory {
  /** Highest hub incarnation that was ever obeyed. */
  readonly epoch: number
  /** Highest sequence seen in that epoch. */
  readonly highest: number
  /** Sequences within the window, with the command's id. */
  readonly seen: Readonly<Record<string, string>>
}

export const emptyMemory: CommandMemory = { epoch: 0, highest: 0, seen: {} }

export type CommandVerdict =
  | { readonly verdict: 'fresh'; readonly memory: CommandMemory }
  /** The very same command again: answered as before, done once. */
  | { readonly verdict: 'duplicate' }
  | { readonly verdict: 'refused'; readonly reason: string }

/** Whether a command whose signature, addressee and time have been verified is new. */
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
  if (command.sequence <= before.highest - sequenceWindow) {
    return { verdict: 'refused', reason: `sequence ${command.sequence} lies too far behind ${before.highest}` }
  }
  const highest = Math.max(before.highest, command.sequence)
  const inWindow = Object.entries(before.seen).filter(([sequence]) => Number(sequence) > highest - sequenceWindow)
  const seen = { ...Object.fromEntries(inWindow), [command.sequence]: command.id }
  return { verdict: 'fresh', memory: { epoch: command.epoch, highest, seen } }
}
