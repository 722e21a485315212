import {
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationHealthChanged,
  ApplicationResourcesChanged,
  ApplicationStepSettled,
  applicationStream,
  ClusterCommandRejected,
  ClusterConnected,
  clusterStream,
  type NewEvent,
} from '@fairlead/events'
import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import type { AgentEvent, DriftReport, StateReport, StepResult } from '@fairlead/messages'

/** Events for one stream, in order. */
export interface StreamEvents {
  readonly stream: string
  readonly events: readonly NewEvent[]
}

/** What one agent message adds to the log, and what of it was refused because the application is not this cluster's (threat T1). */
export interface Mapped {
  readonly streams: readonly StreamEvents[]
  readonly foreign: readonly ApplicationId[]
}

/**
 * The facts in `message`, as reported by `cluster` (known from the subject). `owns` says whether an application runs, or last ran, on this cluster.
 * Pure: one message gives the same events however often it is delivered.
 */
export function factsOf(cluster: ClusterId, message: AgentEvent, owns: (application: ApplicationId) => boolean): Mapped {
  const streams = new Map<string, NewEvent[]>()
  const foreign = new Set<ApplicationId>()
  const add = (stream: string, event: NewEvent) => {
    const events = streams.get(stream)
    if (events) events.push(event)
    else streams.set(stream, [event])
  }
  const each = <Entry extends { readonly application: ApplicationId }>(
    entries: readonly Entry[],
    facts: (entry: Entry) => readonly NewEvent[],
  ) => {
    for (const entry of entries) {
      if (!owns(entry.application)) foreign.add(entry.application)
      else for (const event of facts(entry)) add(applicationStream(entry.application), event)
    }
  }
  switch (message.kind) {
    case 'hello': {
      const { agentVersion, kubernetesVersion } = message.hello
      add(clusterStream(cluster), ClusterConnected.of({ cluster, boot: message.boot, agentVersion, kubernetesVersion }))
      break
    }
    case 'step':
      each(message.entries, (entry) => [stepFact(cluster, entry)])
      break
    case 'state':
      each(message.entries, (entry) => stateFacts(cluster, entry))
      break
    case 'drift':
      each(message.entries, (entry) => [driftFact(cluster, entry)])
      break
    case 'rejected':
      add(clusterStream(cluster), ClusterCommandRejected.of({ cluster, command: message.command, error: message.error }))
      break
  }
  return { streams: [...streams].map(([stream, events]) => ({ stream, events })), foreign: [...foreign] }
}

function stepFact(cluster: ClusterId, entry: StepResult): NewEvent {
  return ApplicationStepSettled.of({ ...entry, cluster })
}

function stateFacts(cluster: ClusterId, entry: StateReport): NewEvent[] {
  const { application, upserts, removed, health, previousHealth, healthMessage } = entry
  const facts: NewEvent[] = []
  if (upserts.length > 0 || removed.length > 0) facts.push(ApplicationResourcesChanged.of({ application, cluster, upserts, removed }))
  if (health !== previousHealth) {
    const message = healthMessage === undefined ? {} : { message: healthMessage }
    facts.push(ApplicationHealthChanged.of({ application, cluster, from: previousHealth, to: health, ...message }))
  }
  return facts
}

function driftFact(cluster: ClusterId, entry: DriftReport): NewEvent {
  if (entry.status === 'detected') {
    const { application, drift, resources } = entry
    return ApplicationDriftDetected.of({ application, cluster, drift, resources })
  }
  const { application, drift, how, resources, tookMs } = entry
  return ApplicationDriftResolved.of({ application, cluster, drift, how, resources, tookMs })
}
