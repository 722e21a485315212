import {
  ApplicationDeclared,
  ApplicationRemoved,
  ApplicationRendered,
  ApplicationRenderFailed,
  ClusterJoined,
  ClusterRevoked,
  type DataOf,
  DeclarationFailed,
  DeclarationWarned,
  ProjectDeclared,
  ProjectRemoved,
  RepositoryFailed,
  RepositoryRecovered,
  RepositoryRegistered,
  RepositoryRevisionObserved,
  RepositoryRevisionProcessed,
} from '@fairlead/events'
import { AppProjectSpec } from '@fairlead/manifests'
import type { KnownApplication } from '../diff/changes.ts'
import type { JoinedCluster } from '../diff/destination.ts'
import { failureKey, warningKey } from '../diff/round.ts'

/** The event types that the source's own view of the log is folded from. */
export const sourceTypes: readonly string[] = [
  ApplicationDeclared,
  ApplicationRemoved,
  ApplicationRendered,
  ApplicationRenderFailed,
  ClusterJoined,
  ClusterRevoked,
  DeclarationFailed,
  DeclarationWarned,
  ProjectDeclared,
  ProjectRemoved,
  RepositoryFailed,
  RepositoryRecovered,
  RepositoryRegistered,
  RepositoryRevisionObserved,
  RepositoryRevisionProcessed,
].map(({ type }) => type)

export type RegisteredRepository = DataOf<typeof RepositoryRegistered>

/** What the log says that the source has to know before it can say what is new. */
export class SourceState {
  readonly applications = new Map<string, KnownApplication>()
  readonly projects = new Map<string, AppProjectSpec>()
  readonly repositories = new Map<string, RegisteredRepository>()
  /** In the order in which they first joined. */
  readonly clusters = new Map<string, JoinedCluster>()
  /** Code and message of the failure that a repository is in. */
  readonly failing = new Map<string, string>()
  /** Last commit observed, by `<repository> <ref>`. */
  readonly observed = new Map<string, string>()
  /** Problems of declarations that have been reported, so that each is reported once. */
  readonly reported = new Set<string>()

  apply(event: { readonly type: string; readonly data: unknown }): void {
    if (ApplicationDeclared.is(event)) {
      const { spec, cluster } = event.data
      const known = this.applications.get(spec.id)
      this.applications.set(spec.id, { bundle: known?.bundle, renderError: known?.renderError, spec, cluster })
    } else if (ApplicationRemoved.is(event)) {
      this.applications.delete(event.data.application)
    } else if (ApplicationRendered.is(event)) {
      const known = this.applications.get(event.data.application)
      if (known) this.applications.set(known.spec.id, { ...known, bundle: event.data.bundle, renderError: undefined })
    } else if (ApplicationRenderFailed.is(event)) {
      const known = this.applications.get(event.data.application)
      if (known) this.applications.set(known.spec.id, { ...known, renderError: event.data.error })
    } else if (ClusterJoined.is(event)) {
      const { cluster: id, server, labels } = event.data
      this.clusters.set(id, { id, server, labels })
    } else if (ClusterRevoked.is(event)) {
      this.clusters.delete(event.data.cluster)
    } else if (ProjectDeclared.is(event)) {
      const project = AppProjectSpec.safeParse(event.data.spec)
      if (project.success) this.projects.set(event.data.project, project.data)
    } else if (ProjectRemoved.is(event)) {
      this.projects.delete(event.data.project)
    } else if (RepositoryRegistered.is(event)) {
      this.repositories.set(event.data.repository, event.data)
    } else if (RepositoryRevisionObserved.is(event)) {
      this.observed.set(`${event.data.repository} ${event.data.ref}`, event.data.commit)
    } else if (RepositoryFailed.is(event)) {
      this.failing.set(event.data.repository, `${event.data.error.code} ${event.data.error.message}`)
    } else if (RepositoryRecovered.is(event)) {
      this.failing.delete(event.data.repository)
    } else if (DeclarationFailed.is(event)) {
      this.reported.add(failureKey(event.data.error))
    } else if (DeclarationWarned.is(event)) {
      this.reported.add(warningKey(event.data))
    }
  }
}
