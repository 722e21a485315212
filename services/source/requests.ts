import { FairleadError } from '@fairlead/errors'
import {
  ApplicationRequested,
  ApplicationRequestRejected,
  ApplicationRequestRendered,
  applicationStream,
  type DataOf,
  type NewEvent,
} from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationSpec, Digest } from '@fairlead/manifests'
import type { Logger } from 'pino'
import { type PrepareDeps, prepare } from './application/prepare.ts'
import type { ApplicationRenderer } from './application/render-application.ts'
import { recorded, recordedImages } from './diff/changes.ts'
import { type SourceService, sourceActor } from './service.ts'
import type { FollowedState, SourceLedger } from './state/follow.ts'

export interface RequestDeps {
  readonly ledger: SourceLedger
  readonly followed: FollowedState
  readonly service: SourceService
  readonly applications: ApplicationRenderer
  readonly prepare: Omit<PrepareDeps, 'commitOf' | 'changedPaths'>
  readonly log: Logger
}

type Requested = DataOf<typeof ApplicationRequested>

/**
 * Does the source's part of what people ask for, until aborted: refreshes, and the renders of syncs to a revision of their own. Each
 * request is answered once, whatever process dies meanwhile.
 */
export function serveRequests(deps: RequestDeps, signal: AbortSignal): Promise<void> {
  return deps.ledger.runConsumer(
    {
      name: 'source_requests',
      types: [ApplicationRequested.type],
      from: 'start',
      async handle(events, held) {
        await Promise.all(events.map((event) => (ApplicationRequested.is(event) ? answer(deps, event, event.data, held) : undefined)))
      },
    },
    signal,
  )
}

async function answer(
  deps: RequestDeps,
  event: Pick<StoredEvent, 'id' | 'correlation'>,
  request: Requested,
  signal: AbortSignal,
): Promise<void> {
  const { action, application, revision, hard } = request
  if (action === 'refresh') return deps.service.refresh(application, hard)
  if (action !== 'sync' || revision === undefined) return
  const answered = await render(deps, request, revision, signal)
  await deps.ledger.append(
    {
      streams: [{ stream: applicationStream(application), expected: 'any', events: [answered] }],
      idempotencyKey: `source-request/${request.request}/${application}`,
      context: { actor: sourceActor, correlation: event.correlation, causation: event.id },
    },
    signal,
  )
}

async function render(
  deps: RequestDeps,
  { application, request, hard }: Requested,
  revision: string,
  signal: AbortSignal,
): Promise<NewEvent> {
  await deps.followed.caughtUp(signal)
  const known = deps.followed.state.applications.get(application)
  const rejected = (error: FairleadError) =>
    ApplicationRequestRejected.of({ application, request, error: recorded(error, { id: application }) })
  if (!known) return rejected(new FairleadError('APPLICATION_NOT_FOUND', `there is no application ${application}`))
  const { commitOf, changedPaths } = deps.service.look()
  const spec = atRevision(known.spec, revision)
  const preparation = await prepare(spec, undefined, { ...deps.prepare, commitOf, changedPaths }, signal)
  const [entry] = await deps.applications.entries([{ spec, preparation, hard }], signal)
  if (!entry?.ok) return rejected(entry?.error ?? new FairleadError('INTERNAL', 'the render gave nothing'))
  const { bundle, objects, images } = entry.entry
  const rendered = { revision: preparation.revision, bundle: bundle as Digest, objects, ...recordedImages(images) }
  return ApplicationRequestRendered.of({ application, request, ...rendered })
}

/** A revision of a request is that of the first source (Argo CD: `revision` of a sync). */
function atRevision(spec: ApplicationSpec, revision: string): ApplicationSpec {
  return { ...spec, sources: spec.sources.map((source, i) => (i === 0 ? { ...source, targetRevision: revision } : source)) }
}
