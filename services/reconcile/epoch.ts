import { HubStarted, hubStream } from '@fairlead/events'
import type { Ledger } from '@fairlead/ledger'

/** Takes the next epoch: every start of a hub has a higher one than any before, whichever process or machine it runs on. */
export async function takeEpoch(ledger: Ledger, version: string): Promise<number> {
  for (let known = 0; ; ) {
    const epoch = known + 1
    const result = await ledger.append({
      streams: [{ stream: hubStream, expected: known, events: [HubStarted.of({ epoch, version })] }],
      context: { actor: { kind: 'system', name: 'hub', authenticatedBy: 'process' }, correlation: `epoch:${epoch}` },
    })
    if (result.outcome !== 'conflict') return epoch
    known = result.actual
  }
}
