import { ApplicationOperationStarted, applicationStream, OperationStarted, operationStream } from '@fairlead/events'
import type { EventContext, Ledger } from '@fairlead/ledger'
import type { ApplicationId } from '@fairlead/manifests'
import { type ApplicationState, evolveApplication } from '@fairlead/readmodel'
import type { SyncApplication, SyncInput, SyncLimits, SyncTally } from '@fairlead/sync'
import { type Starting, waveGroups } from './grouping.ts'

/** What became of an attempt to start an operation. */
export type StartResult =
  | { readonly outcome: 'started'; readonly position: number; readonly states: readonly ApplicationState[] }
  /** Somebody else wrote to this stream meanwhile: look again and decide again. */
  | { readonly outcome: 'conflict'; readonly stream: string }

/**
 * Appends the start of an operation: one `operation-started` for each application, with the exact version that the decision was made on, and the
 * operation's own, all or nothing. Pure of any other effect.
 */
export async function appendStart(
  ledger: Ledger,
  operation: string,
  starting: readonly Starting[],
  context: EventContext,
): Promise<StartResult> {
  const events = starting.map(({ state, start }) => {
    const { request, resources, ...rest } = start
    return ApplicationOperationStarted.of({
      application: state.id as ApplicationId,
      operation,
      generation: state.version + 1,
      ...rest,
      ...(request !== undefined && { request }),
      ...(resources && { resources }),
    })
  })
  const first = starting[0]
  if (!first) throw new RangeError('an operation without applications')
  const { kind, cause } = first.start
  const applications = starting.map(({ state }) => state.id as ApplicationId)
  const result = await ledger.append({
    streams: [
      { stream: operationStream(operation), expected: 'none', events: [OperationStarted.of({ operation, kind, cause, applications })] },
      ...starting.map(({ state }, index) => ({
        stream: applicationStream(state.id),
        expected: state.version,
        events: events.slice(index, index + 1),
      })),
    ],
    context: { ...context, correlation: operation },
  })
  if (result.outcome === 'conflict') return { outcome: 'conflict', stream: result.stream }
  const recordedAt = new Date().toISOString()
  const states = starting.map(({ state }, index) =>
    evolveApplication(state, { type: ApplicationOperationStarted.type, version: state.version + 1, recordedAt, data: events[index]?.data }),
  )
  return { outcome: 'started', position: result.position, states }
}

/** The decision as the activities read it; the same states give the same brief, so a restart finds the same blob. */
export function briefOf(operation: string, states: readonly ApplicationState[]): object {
  const first = states[0]?.operation
  return {
    v: 1,
    operation,
    kind: first?.kind,
    cause: first?.cause,
    startedAt: first?.startedAt,
    applications: states.flatMap(({ id, spec, synced, operation: running }) => {
      if (!running || !spec) return []
      const { cluster, generation, revision, bundle, prune, force, resources } = running
      // What another cluster was given says nothing of this one.
      const previous = synced?.cluster === cluster ? synced.bundle : null
      const entry = { application: id, cluster, generation, spec, revision, bundle, previous, prune, force }
      return resources ? [{ ...entry, resources }] : [entry]
    }),
  }
}

/** Input of the workflow that carries out an operation which holds these applications, from the beginning or from where the ledger shows it. */
export function inputOf(
  operation: string,
  states: readonly ApplicationState[],
  brief: string,
  position: number,
  before: SyncTally,
  limits: SyncLimits,
): SyncInput {
  const first = states[0]?.operation
  if (!first) throw new RangeError(`nothing is held by ${operation}`)
  const members = new Set<string>(states.map(({ id }) => id))
  const gates = new Map<string, SyncApplication['gate']>()
  const starting = states.map((state) => ({ state, start: first }) as unknown as Starting)
  for (const [group, siblings] of waveGroups(starting).entries()) {
    for (const { state } of siblings) gates.set(state.id, { group, wave: state.spec?.wave ?? 0 })
  }
  return {
    operation,
    kind: first.kind,
    dryRun: first.dryRun,
    startedAtMs: new Date(first.startedAt).getTime(),
    brief: brief as SyncInput['brief'],
    position,
    before,
    limits,
    applications: states.flatMap((state) => applicationOf(state, gates.get(state.id), members)),
  }
}

function applicationOf(state: ApplicationState, gate: SyncApplication['gate'], members: ReadonlySet<string>): SyncApplication[] {
  const { id, spec, operation } = state
  if (!spec || !operation) return []
  const dependsOn = spec.dependsOn.filter((other) => members.has(other))
  const resume = operation.plan && {
    attempt: operation.attempt,
    plan: operation.plan,
    confirmed: operation.confirmed,
    settled: operation.settled.map(({ step, phase, outcome }) => ({ step, fail: phase === 'SyncFail', outcome: outcome as 'succeeded' })),
  }
  return [
    {
      application: id as ApplicationId,
      cluster: operation.cluster,
      retry: spec.syncPolicy.retry,
      ...(gate && { gate }),
      ...(dependsOn.length > 0 && { dependsOn }),
      ...(spec.timeoutMs !== undefined && { timeoutMs: spec.timeoutMs }),
      ...(resume && { resume }),
    },
  ]
}
