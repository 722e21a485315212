import { briefReader } from './activities/briefs.ts'
import { dispatch } from './activities/dispatch.ts'
import { finish } from './activities/finish.ts'
import { lookUp } from './activities/look-up.ts'
import { planApplications } from './activities/plan-applications.ts'
import type { SyncPorts } from './activities/ports.ts'
import type { SyncActivities } from './contract.ts'

/** The activities of the sync flow over these ports. Each can be run again at any point: the ledger and the agents know what they have seen. */
export function syncActivities(ports: SyncPorts): SyncActivities {
  const tools = { ...ports, readBrief: briefReader(ports.ledger.blobs) }
  return {
    planApplications: (request) => planApplications(tools, request),
    dispatch: (request) => dispatch(tools, request),
    lookUp: (request) => lookUp(tools, request),
    finish: (request) => finish(tools, request),
  }
}
