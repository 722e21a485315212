import type { FairleadError } from '@fairlead/errors'
import {
  applicationStream,
  DeclarationFailed,
  DeclarationWarned,
  fleetStream,
  type NewEvent,
  type Personal,
  ProjectDeclared,
  ProjectRemoved,
  projectStream,
  RecordedError,
  RepositoryRegistered,
  RepositoryRevisionObserved,
  RepositoryRevisionProcessed,
  repositoryStream,
} from '@fairlead/events'
import type { ApplicationId, ApplicationSpec, AppProjectSpec, ClusterId, Warning } from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import { applicationEvents, type KnownApplication, type RenderOutcome, removalEvent } from './changes.ts'

/** A ref that applications or fleets use, and the commit it stands at. */
export interface UsedRef {
  readonly repository: string
  readonly url: string
  readonly ref: string
  readonly commit: string
  readonly subject: string
  readonly authoredAt: string
  /** Who wrote what is new since the commit observed last, the author of `commit` first. */
  readonly authors: readonly Personal[]
}

/** One application as this round saw it. */
export interface RoundApplication {
  readonly spec: ApplicationSpec
  readonly cluster: ClusterId | null
  readonly outcome: RenderOutcome | undefined
  /** Ids of the repositories that it depends on: its sources, then its fleet. */
  readonly repositories: readonly string[]
}

export interface Round {
  readonly applications: readonly RoundApplication[]
  readonly removed: readonly ApplicationSpec[]
  readonly projects: ReadonlyMap<string, AppProjectSpec>
  /** Everything was read, so a project that was not seen is gone. */
  readonly complete: boolean
  readonly failures: readonly FairleadError[]
  readonly warnings: readonly Warning[]
  readonly refs: readonly UsedRef[]
  readonly via: 'webhook' | 'poll' | 'refresh' | 'start'
  readonly renders: number
  readonly tookMs: number
}

/** What the log knows. */
export interface RoundKnowledge {
  readonly applications: ReadonlyMap<string, KnownApplication>
  readonly projects: ReadonlyMap<string, AppProjectSpec>
  readonly repositories: ReadonlyMap<string, unknown>
  /** Last commit by `<repository> <ref>`. */
  readonly observed: ReadonlyMap<string, string>
  readonly reported: ReadonlySet<string>
}

/** Problems of declarations in one round's events; more come with the next. */
const maxReports = 200

/** All events of one round by stream, repositories' `revision-processed` last in theirs; empty when the log knows everything already. */
export function roundEvents(round: Round, known: RoundKnowledge): Map<string, NewEvent[]> {
  const streams = new Map<string, NewEvent[]>()
  const add = (stream: string, ...events: NewEvent[]) => {
    if (events.length > 0) streams.set(stream, [...(streams.get(stream) ?? []), ...events])
  }
  const moved = new Map<string, UsedRef>()
  for (const used of round.refs) {
    const { repository, url, ref, commit, subject, authoredAt, authors } = used
    if (!known.repositories.has(repository) && !streams.has(repositoryStream(repository))) {
      add(repositoryStream(repository), RepositoryRegistered.of({ repository, url, role: 'source', path: '.', revision: 'HEAD' }))
    }
    const previous = known.observed.get(`${repository} ${ref}`)
    if (previous === commit) continue
    moved.set(repository, used)
    add(
      repositoryStream(repository),
      RepositoryRevisionObserved.of({
        ...{ repository, url, ref, commit, via: round.via, subject, authoredAt },
        ...(previous && { previous }),
        ...(authors[0] && { author: authors[0] }),
        ...(authors.length > 1 && { authors: [...authors] }),
      }),
    )
  }
  const changed = new Map<string, ApplicationId[]>()
  const failed = new Map<string, number>()
  const attribute = (repositories: readonly string[], id: ApplicationId, failure: boolean) => {
    const repository = repositories.find((candidate) => moved.has(candidate)) ?? repositories.at(-1)
    if (repository === undefined) return
    const ids = changed.get(repository)
    if (ids) ids.push(id)
    else changed.set(repository, [id])
    if (failure) failed.set(repository, (failed.get(repository) ?? 0) + 1)
  }
  for (const { spec, cluster, outcome, repositories } of round.applications) {
    const events = applicationEvents(known.applications.get(spec.id), { spec, cluster, outcome })
    if (events.length === 0) continue
    add(applicationStream(spec.id), ...events)
    attribute(repositories, spec.id, outcome?.ok === false)
  }
  const byUrl = new Map(round.refs.map((used) => [used.url, used]))
  for (const spec of round.removed) {
    const place = byUrl.get(spec.declaredAt.repository)
    add(applicationStream(spec.id), removalEvent(spec, place?.commit ?? spec.declaredAt.commit))
    attribute(
      [place?.repository ?? round.refs[0]?.repository].filter((id) => id !== undefined),
      spec.id,
      false,
    )
  }
  for (const [stream, event] of projectEvents(round, known)) add(stream, event)
  add(fleetStream, ...reports(round, known))
  let { renders } = round
  for (const repository of new Set([...moved.keys(), ...changed.keys()])) {
    const commit = moved.get(repository)?.commit ?? round.refs.find((used) => used.repository === repository)?.commit ?? ''
    add(
      repositoryStream(repository),
      RepositoryRevisionProcessed.of({
        ...{ repository, commit, renders, tookMs: Math.round(round.tookMs) },
        changed: changed.get(repository) ?? [],
        failed: failed.get(repository) ?? 0,
      }),
    )
    renders = 0 // counted once
  }
  return streams
}

function* projectEvents(round: Round, known: RoundKnowledge): Iterable<[string, NewEvent]> {
  for (const [name, project] of round.projects) {
    const before = known.projects.get(name)
    if (before && projectDigest(before) === projectDigest(project)) continue
    yield [projectStream(name), ProjectDeclared.of({ project: name, spec: JSON.parse(JSON.stringify(project)) })]
  }
  if (!round.complete) return
  for (const name of known.projects.keys()) if (!round.projects.has(name)) yield [projectStream(name), ProjectRemoved.of({ project: name })]
}

function projectDigest({ declaredAt: _, ...project }: AppProjectSpec): string {
  return digestOf(canonicalBytes(JSON.parse(JSON.stringify(project))))
}

/** Each problem once, not with every commit. */
function reports(round: Round, known: RoundKnowledge): NewEvent[] {
  const events: NewEvent[] = []
  const reported = new Set(known.reported)
  const once = (key: string, make: () => NewEvent) => {
    if (reported.has(key) || events.length >= maxReports) return
    reported.add(key)
    events.push(make())
  }
  for (const failure of round.failures) {
    const error = RecordedError.parse(failure.toJSON())
    const { repository = '', commit = '' } = error.where ?? {}
    once(failureKey(error), () => DeclarationFailed.of({ repository, commit, error }))
  }
  for (const { where, object, field, message } of round.warnings) {
    const { repository, commit, path: file, line } = where
    const text = [object, field, message].filter((part) => part !== '').join(': ')
    once(warningKey({ repository, file, message: text }), () => DeclarationWarned.of({ repository, commit, file, line, message: text }))
  }
  return events
}

/** Identity of a failure of a declaration: the same one at another commit is not a new one. */
export function failureKey({ code, message, where }: RecordedError): string {
  return `failure ${code} ${where?.repository ?? ''} ${where?.file ?? ''} ${where?.line ?? ''} ${message}`
}

export function warningKey({ repository, file, message }: { repository: string; file: string; message: string }): string {
  return `warning ${repository} ${file} ${message}`
}
