import type { FairleadError } from '@fairlead/errors'
import {
  ApplicationDeclared,
  ApplicationRemoved,
  ApplicationRendered,
  ApplicationRenderFailed,
  maxImageLength,
  maxImages,
  type NewEvent,
  RecordedError,
  type Revision,
} from '@fairlead/events'
import type { ApplicationSpec, ClusterId, Digest } from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'

/** What the log says of an application, as far as the source is concerned. */
export interface KnownApplication {
  readonly spec: ApplicationSpec
  readonly cluster: ClusterId | null
  readonly bundle: Digest | undefined
  readonly renderError: RecordedError | undefined
}

/** What Git says of it now. */
export interface SeenApplication {
  readonly spec: ApplicationSpec
  readonly cluster: ClusterId | null
  /** undefined: it was not rendered this time, and what is known stands. */
  readonly outcome: RenderOutcome | undefined
}

export type RenderOutcome =
  | {
      readonly ok: true
      readonly revision: Revision
      readonly bundle: Digest
      readonly objects: number
      readonly images?: readonly string[] | undefined
    }
  | { readonly ok: false; readonly revision: Revision; readonly error: FairleadError }

/** The events by which the log catches up with Git for one application; empty when nothing is new. A commit alone is nothing new. */
export function applicationEvents(known: KnownApplication | undefined, seen: SeenApplication): NewEvent[] {
  const { spec, cluster, outcome } = seen
  const events: NewEvent[] = []
  if (!known || known.cluster !== cluster || !sameDeclaration(known.spec, spec)) {
    events.push(ApplicationDeclared.of({ application: spec.id, spec, cluster }))
  }
  if (outcome?.ok) {
    const { revision, bundle, objects, images } = outcome
    if (known?.bundle !== bundle || known.renderError || known.cluster !== cluster) {
      events.push(ApplicationRendered.of({ application: spec.id, cluster, revision, bundle, objects, ...recordedImages(images) }))
    }
  } else if (outcome) {
    const error = recorded(outcome.error, spec)
    if (!known?.renderError || !sameError(known.renderError, error)) {
      events.push(ApplicationRenderFailed.of({ application: spec.id, revision: outcome.revision, error }))
    }
  }
  return events
}

/** Images as they go into the log. */
export function recordedImages(images: readonly string[] | undefined): { images?: string[] } {
  return images ? { images: images.filter((image) => image.length <= maxImageLength).slice(0, maxImages) } : {}
}

/** The event of a declaration that has left Git. */
export function removalEvent(spec: ApplicationSpec, commit: string): NewEvent {
  const { repository, path } = spec.declaredAt
  return ApplicationRemoved.of({ application: spec.id, cascade: spec.cascade, removedAt: { repository, commit, path } })
}

/** Equal apart from where and at which commit they stand. */
export function sameDeclaration(a: ApplicationSpec, b: ApplicationSpec): boolean {
  return a === b || declarationDigest(a) === declarationDigest(b)
}

const digests = new WeakMap<ApplicationSpec, Digest>()

/** Identity of what is declared, without its place; computed once per value. */
export function declarationDigest(spec: ApplicationSpec): Digest {
  let digest = digests.get(spec)
  if (!digest) {
    const { declaredAt: _, ...declared } = spec
    digest = digestOf(canonicalBytes(JSON.parse(JSON.stringify(declared))))
    digests.set(spec, digest)
  }
  return digest
}

/** As it goes into the log: parsed once, so that what is compared later has the same shape. */
export function recorded(error: FairleadError, spec: Pick<ApplicationSpec, 'id'>): RecordedError {
  return RecordedError.parse(error.at({ application: spec.id }).toJSON())
}

/** The same thing went wrong at the same place, whatever the commit. */
function sameError(a: RecordedError, b: RecordedError): boolean {
  return a.code === b.code && a.message === b.message && a.where?.file === b.where?.file && a.where?.line === b.where?.line
}
