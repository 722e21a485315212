import { FairleadError } from '@fairlead/errors'
import { SignedHead } from './head.ts'
import { KeyHandover } from './key-handover.ts'

/** What has been published about a log: heads, oldest first, and handovers from key to key. */
export interface CheckpointFile {
  readonly heads: readonly SignedHead[]
  readonly handovers: readonly KeyHandover[]
}

/** Reads published lines, one JSON document each. Throws `LEDGER_TAMPERED` naming a line that is neither a head nor a handover. */
export function parseCheckpoints(text: string): CheckpointFile {
  const heads: SignedHead[] = []
  const handovers: KeyHandover[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      const value: unknown = JSON.parse(line)
      const handover = KeyHandover.safeParse(value)
      if (handover.success) handovers.push(handover.data)
      else heads.push(SignedHead.parse(value))
    } catch (cause) {
      throw new FairleadError('LEDGER_TAMPERED', `line ${index + 1} is neither a signed head nor a key handover`, {
        cause,
        where: { line: index + 1 },
      })
    }
  }
  return { heads, handovers }
}
