import * as known from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ObjectRef } from '@fairlead/manifests'

const short = (commit: string): string => commit.slice(0, 7)
const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`)
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

function some(refs: readonly ObjectRef[]): string {
  const rest = refs.length - 3
  const names = refs.slice(0, 3).map((ref) => `${ref.kind}/${ref.name}`)
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** What an event of this type says; typed by its definition. */
function says<Data>(
  definition: known.EventDefinition<string, Data>,
  sentence: (data: Data) => string,
): readonly [string, (data: never) => string] {
  return [definition.type, sentence]
}

const sentences: ReadonlyMap<string, (data: never) => string> = new Map([
  says(known.ApplicationDeclared, (e) => `${e.application} is declared for ${e.cluster ?? 'a cluster that has not joined'}`),
  says(known.ApplicationRemoved, (e) => `${e.application} has left Git${e.cascade ? '' : ', its objects stay'}`),
  says(known.ApplicationRendered, (e) => `Git wants ${short(e.revision.commit)} of ${e.application}: ${count(e.objects, 'object')}`),
  says(known.ApplicationRenderFailed, (e) => `${e.application} cannot be rendered at ${short(e.revision.commit)}: ${e.error.message}`),
  says(known.ApplicationRequested, (e) => `${e.dryRun ? 'dry run of a ' : ''}${e.action} of ${e.application} is asked for`),
  says(known.ApplicationRequestRejected, (e) => `the request for ${e.application} is refused: ${e.error.message}`),
  says(known.ApplicationOperationStarted, (e) => `${e.operation} begins to ${e.kind} ${e.application} at ${short(e.revision.commit)}`),
  says(known.ApplicationPlanned, (e) => `${e.application} is planned: ${count(e.steps.length, 'step')}, ${count(e.prunes, 'deletion')}`),
  says(known.ApplicationConfirmationAwaited, (e) => `${e.application} waits for a confirmation to delete ${some(e.prunes)}`),
  says(known.ApplicationConfirmed, (e) => `the deletions of ${e.application} are confirmed`),
  says(known.ApplicationTerminateRequested, (e) => `${e.operation} is to leave ${e.application} alone`),
  says(
    known.ApplicationStepSettled,
    (e) => `${e.application} ${e.phase} wave ${e.wave} ${e.outcome} in ${seconds(e.tookMs)}${because(e.error)}`,
  ),
  says(
    known.ApplicationOperationFinished,
    (e) =>
      `${e.application} ${e.dryRun ? 'dry run ' : ''}${e.outcome} at ${short(e.revision.commit)} in ${seconds(e.tookMs)}${because(e.error)}`,
  ),
  says(known.ApplicationHealthChanged, (e) => `${e.application} was ${e.from} and is ${e.to}${e.message ? `: ${e.message}` : ''}`),
  says(known.ApplicationResourcesChanged, (e) => `${e.application}: ${changes(e.upserts.length, e.removed.length)}`),
  says(known.ApplicationDriftDetected, (e) => `${e.application} has drifted: ${some(e.resources.map((resource) => resource.ref))}`),
  says(
    known.ApplicationDriftResolved,
    (e) => `drift of ${e.application} ended by ${e.how} after ${seconds(e.tookMs)}: ${some(e.resources)}`,
  ),
  says(known.RepositoryRegistered, (e) => `${e.repository} is followed at ${e.url}`),
  says(known.RepositoryRevisionObserved, (e) => `${e.repository} ${e.ref} is at ${short(e.commit)}: ${e.subject}`),
  says(
    known.RepositoryRevisionProcessed,
    (e) =>
      `${e.repository} ${short(e.commit)} changes ${count(e.changed.length, 'application')} (${count(e.renders, 'render')}, ${seconds(e.tookMs)})`,
  ),
  says(known.RepositoryFailed, (e) => `${e.repository} cannot be read: ${e.error.message}`),
  says(known.RepositoryRecovered, (e) => `${e.repository} can be read again`),
  says(known.DeclarationFailed, (e) => `${where(e.error)}: ${e.error.message}`),
  says(known.DeclarationWarned, (e) => `${e.file}:${e.line}: ${e.message}`),
  says(known.ProjectDeclared, (e) => `project ${e.project} is declared`),
  says(known.ProjectRemoved, (e) => `project ${e.project} has left Git`),
  says(known.HubStarted, (e) => `the hub has started, epoch ${e.epoch}`),
  says(known.ClusterTokenIssued, (e) => `a token to join is made for ${e.cluster}`),
  says(known.ClusterJoined, (e) => `${e.cluster} has joined (${e.kubernetesVersion})`),
  says(known.ClusterRevoked, (e) => `${e.cluster} is shut out`),
  says(known.ClusterConnected, (e) => `${e.cluster} is connected`),
  says(known.ClusterDisconnected, (e) => `${e.cluster} is silent since ${e.lastSeenAt}`),
  says(known.ClusterCommandRejected, (e) => `the agent of ${e.cluster} has refused a command: ${e.error.message}`),
  says(known.OperationStarted, (e) => `${e.operation} begins: ${e.kind} of ${count(e.applications.length, 'application')}`),
  says(
    known.OperationFinished,
    (e) => `${e.operation} is over in ${seconds(e.tookMs)}: ${e.succeeded} succeeded, ${e.failed} failed, ${e.terminated} stopped`,
  ),
  says(known.ClusterReportRefused, (e) => `a report of ${e.cluster} is refused: ${e.error.message}`),
  says(
    known.ApplicationRequestRendered,
    (e) => `${short(e.revision.commit)} of ${e.application} is rendered for a request: ${count(e.objects, 'object')}`,
  ),
  says(known.AuditRead, (e) => (e.person ? `it is asked who ${e.person} is` : `${e.what} is read up to position ${e.query.at}`)),
  says(known.AuditExported, (e) => `${e.report} is handed out as ${e.format}: ${count(e.rows, 'row')}`),
  says(known.AuditChangeReviewed, (e) => `the change ${e.change} is reviewed and ${e.decision}`),
  says(known.AuditPersonErased, (e) => `${e.person} is erased: what was sealed cannot be read any more`),
  says(known.AccessDenied, (e) => `${e.principal} may not ${e.action} ${e.object}: ${e.reason}`),
])

/** One line for a person: what happened, to what. Never a value of a manifest. */
export function summaryOf(event: Pick<StoredEvent, 'type' | 'data'>): string {
  return sentences.get(event.type)?.(event.data as never) ?? event.type
}

function because(error: known.RecordedError | undefined): string {
  return error ? `: ${error.message}` : ''
}

function changes(upserts: number, removed: number): string {
  const parts = [upserts > 0 && `${count(upserts, 'object')} changed`, removed > 0 && `${count(removed, 'object')} gone`]
  return parts.filter((part) => part !== false).join(', ')
}

function where({ where: at }: known.RecordedError): string {
  return at?.file ? `${at.file}${at.line ? `:${at.line}` : ''}` : (at?.repository ?? 'a declaration')
}
