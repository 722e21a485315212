import {
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationHealthChanged,
  ApplicationOperationFinished,
  ApplicationRequested,
  ApplicationRequestRendered,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  ClusterConnected,
  ClusterJoined,
  RepositoryRevisionProcessed,
} from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import { type ApplicationState, evolveApplication, initialApplication } from '@fairlead/readmodel'
import { type SettledStep, settledStep } from '@fairlead/sync'

/** The fleet as the reconciler knows it: one state for each application, memory proportional to their number. */
export class Fleet {
  readonly #states = new Map<string, ApplicationState>()

  constructor(states: Iterable<ApplicationState>) {
    for (const state of states) this.#states.set(state.id, state)
  }

  get(id: string): ApplicationState | undefined {
    return this.#states.get(id)
  }

  /** Puts in states that this process has just made itself; their events will be skipped when they come. */
  replace(states: Iterable<ApplicationState>): void {
    for (const state of states) this.#states.set(state.id, state)
  }

  all(): Iterable<ApplicationState> {
    return this.#states.values()
  }

  /** The other applications of the same parent. Costs a pass over the fleet; only asked for blocked applications. */
  siblings(state: ApplicationState): ApplicationState[] {
    const { kind, name } = state.spec?.parent ?? {}
    const dependsOn: readonly string[] = state.spec?.dependsOn ?? []
    return [...this.#states.values()].filter(
      (other) =>
        other.id !== state.id && ((other.spec?.parent.kind === kind && other.spec?.parent.name === name) || dependsOn.includes(other.id)),
    )
  }

  /** Takes in an event of an application's stream; one that is known already changes nothing. */
  take(event: Pick<StoredEvent, 'stream' | 'type' | 'version' | 'recordedAt' | 'data'>): void {
    if (!event.stream.startsWith(prefix)) return
    const id = event.stream.slice(prefix.length)
    const state = this.#states.get(id) ?? initialApplication(id)
    if (event.version > state.version) this.#states.set(id, evolveApplication(state, event))
  }
}

const prefix = 'application-'

/** What a batch of events asks of the reconciler. */
export interface Agenda {
  /** Applications to think about, with the correlation and event id of what made it so. */
  readonly consider: Map<string, { readonly correlation: string; readonly causation: string }>
  readonly requests: readonly StoredEvent[]
  readonly rendered: readonly StoredEvent[]
  /** Applications whose desired pointer may have changed. */
  readonly pointers: ReadonlySet<string>
  /** Operation → results, confirmations, terminations for its workflow. */
  readonly settled: ReadonlyMap<string, SettledStep[]>
  readonly confirmed: ReadonlyMap<string, ApplicationId[]>
  readonly terminate: ReadonlyMap<string, ApplicationId[]>
  readonly reconnected: ReadonlySet<ClusterId>
}

/** Reads an agenda out of a batch. Pure. */
export function agendaOf(events: readonly StoredEvent[], fleet: Pick<Fleet, 'get' | 'siblings' | 'all'>): Agenda {
  const consider: Agenda['consider'] = new Map()
  const requests: StoredEvent[] = []
  const rendered: StoredEvent[] = []
  const pointers = new Set<string>()
  const settled = new Map<string, SettledStep[]>()
  const confirmed = new Map<string, ApplicationId[]>()
  const terminate = new Map<string, ApplicationId[]>()
  const reconnected = new Set<ClusterId>()
  for (const event of events) {
    const cause = { correlation: event.correlation, causation: event.id }
    const considerBlocked = (id: string) => {
      const state = fleet.get(id)
      for (const sibling of state ? fleet.siblings(state) : []) {
        if (sibling.lastOperation?.error?.code === 'SYNC_BLOCKED' && !sibling.operation) consider.set(sibling.id, cause)
      }
    }
    if (RepositoryRevisionProcessed.is(event)) for (const id of event.data.changed) consider.set(id, cause)
    else if (ApplicationDeclared.is(event)) pointers.add(event.data.application)
    else if (ApplicationRequested.is(event)) requests.push(event)
    else if (ApplicationRequestRendered.is(event)) rendered.push(event)
    else if (ApplicationStepSettled.is(event)) push(settled, event.data.operation, settledStep(event.data))
    else if (ApplicationConfirmed.is(event)) push(confirmed, event.data.operation, event.data.application)
    else if (ApplicationTerminateRequested.is(event)) push(terminate, event.data.operation, event.data.application)
    else if (ClusterConnected.is(event)) reconnected.add(event.data.cluster)
    else if (ClusterJoined.is(event)) {
      for (const state of fleet.all()) if (state.cluster === event.data.cluster) consider.set(state.id, cause)
    } else if (ApplicationOperationFinished.is(event)) {
      pointers.add(event.data.application)
      consider.set(event.data.application, cause)
      if (event.data.outcome === 'Succeeded') considerBlocked(event.data.application)
    } else if (ApplicationHealthChanged.is(event) && event.data.to === 'Healthy') considerBlocked(event.data.application)
  }
  return { consider, requests, rendered, pointers, settled, confirmed, terminate, reconnected }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
