import type { Revision } from '@fairlead/events'
import type { ApplicationSpec, ClusterId, Digest } from '@fairlead/manifests'
import { type ApplicationState, initialApplication } from '@fairlead/readmodel'

/** Tests' shorthand: a digest out of a digit. */
export const digest = (n: number): Digest => n.toString(16).padStart(64, '0') as Digest
export const revision = (n: number): Revision => ({ commit: `c${n}`, sources: [], subject: '' })

interface Shape extends Partial<Omit<ApplicationState, 'spec'>> {
  readonly automated?: boolean
  readonly prune?: boolean
  readonly suspended?: boolean
  readonly wave?: number
  readonly dependsOn?: readonly string[]
  readonly parent?: string
}

/** A declared application on `east` whose Git wants bundle 1 and which has never been synced; `shape` says what differs. */
export function application(id: string, shape: Shape = {}): ApplicationState {
  const { automated = true, prune = true, suspended = false, wave = 0, dependsOn = [], parent = 'root', ...rest } = shape
  const spec = {
    id,
    wave,
    suspended,
    dependsOn,
    parent: { kind: 'application', name: parent },
    ignoreDifferences: [],
    syncPolicy: { automated, prune, selfHeal: true, retry: { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 } },
  } as unknown as ApplicationSpec
  return {
    ...initialApplication(id),
    version: 2,
    spec,
    cluster: 'east' as ClusterId,
    desired: { revision: revision(1), bundle: digest(1), objects: 1, at: '2026-01-01T00:00:00.000Z' },
    ...rest,
  }
}

export const running = (overrides: object = {}): NonNullable<ApplicationState['operation']> => ({
  id: 'sync/1',
  kind: 'sync',
  cluster: 'east' as ClusterId,
  cause: 'automated',
  request: undefined,
  generation: 3,
  revision: revision(1),
  bundle: digest(1),
  prune: true,
  dryRun: false,
  force: false,
  resources: undefined,
  startedAt: '2026-01-01T00:00:00.000Z',
  attempt: 0,
  plan: undefined,
  settled: [],
  extraneous: [],
  awaitingConfirmation: false,
  confirmed: false,
  terminating: false,
  ...overrides,
})

export const finished = (overrides: object = {}): NonNullable<ApplicationState['lastOperation']> => ({
  id: 'sync/1',
  kind: 'sync',
  cluster: 'east' as ClusterId,
  outcome: 'Failed',
  revision: revision(1),
  bundle: digest(1),
  full: true,
  dryRun: false,
  error: undefined,
  finishedAt: '2026-01-01T00:00:00.000Z',
  ...overrides,
})

export const synced = (n: number, cluster = 'east'): NonNullable<ApplicationState['synced']> => ({
  cluster: cluster as ClusterId,
  revision: revision(n),
  bundle: digest(n),
  operation: 'sync/1',
  at: '2026-01-01T00:00:00.000Z',
})
