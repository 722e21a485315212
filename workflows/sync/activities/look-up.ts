import { ApplicationConfirmed, ApplicationStepSettled, ApplicationTerminateRequested, applicationStream } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationId } from '@fairlead/manifests'
import type { LookUpRequest, LookUpResult, SettledStep } from '../contract.ts'
import { settledStep } from '../results.ts'
import type { SyncTools } from './ports.ts'

const types = [ApplicationStepSettled, ApplicationConfirmed, ApplicationTerminateRequested].map(({ type }) => type)
/** Streams read at a time. */
const sideBySide = 8

/** Everything that an operation's workflow might have been told about these applications, from the ledger itself. */
export async function lookUp({ ledger }: SyncTools, { operation, position, applications }: LookUpRequest): Promise<LookUpResult> {
  const settled: SettledStep[] = []
  const confirmed: ApplicationId[] = []
  const terminate: ApplicationId[] = []
  for (let at = 0; at < applications.length; at += sideBySide) {
    const part = applications.slice(at, at + sideBySide)
    const read = await Promise.all(
      part.map((application) => ledger.read({ stream: applicationStream(application), from: position - 1, types })),
    )
    for (const event of read.flat() as StoredEvent[]) {
      if (ApplicationStepSettled.is(event) && event.data.operation === operation) settled.push(settledStep(event.data))
      else if (ApplicationConfirmed.is(event) && event.data.operation === operation) confirmed.push(event.data.application)
      else if (ApplicationTerminateRequested.is(event) && event.data.operation === operation) terminate.push(event.data.application)
    }
  }
  return { settled, confirmed, terminate }
}
