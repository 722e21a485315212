import { AccessDenied, denialStream } from '@fairlead/events'
import type { Ledger } from '@fairlead/ledger'

export interface Attempt {
  /** `anonymous` when there was no valid token. */
  readonly principal: string
  readonly action: string
  readonly object: string
  readonly reason: string
}

const quietMs = 60_000
/** Different attempts remembered at once; whoever tries more different things has the oldest forgotten, not more events a minute for each. */
const maxRemembered = 1_000

/** Writes refused attempts to the log: the first at once, repeats within a minute as a count in the next one, so that a flood is not one of events. */
export class Denials {
  readonly #ledger: Pick<Ledger, 'append'>
  readonly #recent = new Map<string, { at: number; repeats: number }>()

  constructor(ledger: Pick<Ledger, 'append'>) {
    this.#ledger = ledger
  }

  async record(attempt: Attempt, trace: string, now: Date): Promise<void> {
    const key = JSON.stringify([attempt.principal, attempt.action, attempt.object])
    const recent = this.#recent.get(key)
    if (recent && now.getTime() - recent.at < quietMs) {
      recent.repeats++
      return
    }
    this.#recent.delete(key)
    if (this.#recent.size >= maxRemembered) for (const oldest of this.#recent.keys()) if (this.#recent.delete(oldest)) break
    this.#recent.set(key, { at: now.getTime(), repeats: 0 })
    const event = AccessDenied.of({ ...attempt, times: 1 + (recent?.repeats ?? 0) })
    const actor = { kind: 'user' as const, name: attempt.principal, authenticatedBy: attempt.principal === 'anonymous' ? 'none' : 'token' }
    await this.#ledger.append({
      streams: [{ stream: denialStream, expected: 'any', events: [event] }],
      context: { actor, correlation: trace, trace },
    })
  }
}
