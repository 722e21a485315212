import { ApplicationOperationStarted, applicationStream, type NewEvent } from '@fairlead/events'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { applicationName, clusterName, fleetHistory } from '@fairlead/readmodel'
import type { ApiParts } from '../ports.ts'
import { startTestHub, type TestHub } from './hub.ts'

const shape = { applications: 30, clusters: 3, projects: 3, rounds: 1, together: 15 }

/** A hub with the history of 30 applications on 3 clusters in 3 projects; application, cluster and project count round. */
export interface FleetHub extends TestHub {
  /** Last position of the history. */
  readonly written: number
}

export async function startFleetHub(parts: Partial<ApiParts> = {}): Promise<FleetHub> {
  const hub = await startTestHub(parts)
  return { ...hub, written: await hub.settle(fleetHistory(shape)) }
}

/** What every new operation of the tests brings. */
export const revision = { commit: 'c'.repeat(40), sources: [], subject: 'x' }

/** An event of the application with this number. */
export const on = (index: number, event: NewEvent) => ({ stream: applicationStream(applicationName(index)), event })

/** The application's part in an operation begins. */
export const started = (index: number, operation: string) =>
  on(
    index,
    ApplicationOperationStarted.of({
      application: applicationName(index),
      cluster: clusterName(index % shape.clusters) as ClusterId,
      operation,
      kind: 'sync',
      cause: 'request',
      generation: 30,
      revision,
      bundle: 'd'.repeat(64) as Digest,
      prune: true,
      dryRun: false,
      force: false,
    }),
  )
