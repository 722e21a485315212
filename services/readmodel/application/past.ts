import { applicationStream } from '@fairlead/events'
import type { Ledger } from '@fairlead/ledger'
import { type ApplicationState, evolveApplication, initialApplication } from './state.ts'

const chunk = 1_000

/** The whole state of an application just after `position`, folded from its own stream; undefined when it did not exist yet. */
export async function stateAt(ledger: Pick<Ledger, 'read'>, id: string, position: number): Promise<ApplicationState | undefined> {
  let state: ApplicationState | undefined
  for (let from = 0; ; ) {
    const events = await ledger.read({ stream: applicationStream(id), from, to: position, limit: chunk })
    for (const event of events) state = evolveApplication(state ?? initialApplication(id), event)
    if (events.length < chunk) return state
    from = events.at(-1)!.position
  }
}
