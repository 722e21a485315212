import { join } from 'node:path'
import { ClusterJoined, ClusterRevoked, RepositoryRegistered } from '@fairlead/events'
import type { Ledger, StoredEvent } from '@fairlead/ledger'
import type { Logger } from 'pino'
import { ApplicationRenderer } from './application/render-application.ts'
import { SetExpander } from './fleet/expand-sets.ts'
import { FleetReader } from './fleet/read-fleet.ts'
import type { NetworkPolicy } from './git/address.ts'
import type { UrlPolicy } from './git/url.ts'
import type { CredentialStore } from './ports.ts'
import type { DiscoveryLimits } from './render/inputs/discover.ts'
import { Inspector } from './render/inputs/inspector.ts'
import { Renderer, type RendererOptions } from './render/renderer.ts'
import { Repositories } from './repository/repositories.ts'
import { serveRequests } from './requests.ts'
import { FleetEvaluator } from './revision/evaluate.ts'
import { SourceService } from './service.ts'
import { FollowedState } from './state/follow.ts'
import type { RegisteredRepository } from './state/state.ts'

export interface SourceDeps {
  readonly ledger: Ledger
  /** Folder for the mirrors; kept between starts. */
  readonly folder: string
  readonly renderer: RendererOptions
  readonly log: Logger
  readonly urls?: Partial<UrlPolicy>
  readonly network?: Partial<NetworkPolicy>
  readonly credentials?: CredentialStore
  readonly limits?: Partial<SourceLimits>
  /** Between two questions to a repository. Default 30,000. */
  readonly pollIntervalMs?: number
}

export interface SourceLimits extends DiscoveryLimits {
  readonly maxFileBytes: number
  readonly lsRemoteTimeoutMs: number
  readonly fetchTimeoutMs: number
}

/** docs/limits.md lists these for users. */
export const defaultLimits: SourceLimits = {
  maxFiles: 2_000,
  maxFileBytes: 10 * 1024 * 1024,
  maxObjects: 10_000,
  maxOutputBytes: 10 * 1024 * 1024,
  maxInputBytes: 32 * 1024 * 1024,
  lsRemoteTimeoutMs: 30_000,
  fetchTimeoutMs: 300_000,
}

/** The running source. */
export interface Source extends AsyncDisposable {
  readonly renderer: Renderer
  /** Follows a fleet repository from now on; nothing happens when it is registered like that already. */
  register(fleet: RegisteredRepository): Promise<void>
  /** Takes a webhook's hint (`webhookHandler`'s `onHint`); answers how many of the repositories are followed. */
  hint(identities: readonly string[]): Promise<number>
  /** Resolves when everything known until now has been processed. */
  idle(): Promise<void>
  /** Renders made since the start; the cache gave the others. */
  readonly renders: number
  /** Rejects when a part has failed for good. */
  readonly done: Promise<void>
}

const maxBackoffMs = 300_000

/** Starts following the registered fleet repositories; ready when it returns, the first round is then under way. */
export async function startSource(deps: SourceDeps, signal?: AbortSignal): Promise<Source> {
  const { ledger, log } = deps
  const limits = { ...defaultLimits, ...deps.limits }
  const onRestart = (why: string) => log.warn(`the renderer was restarted: ${why}`)
  const renderer = await Renderer.start({ onRestart, ...deps.renderer })
  const { maxFileBytes, lsRemoteTimeoutMs, fetchTimeoutMs, ...renderLimits } = limits
  const repositories = new Repositories({
    folder: join(deps.folder, 'mirrors'),
    searchPath: process.env.PATH ?? '',
    urls: { allowHttp: false, fileRoots: [], ...deps.urls },
    network: { reach: 'public', trustedHosts: [], ...deps.network },
    credentials: deps.credentials,
    matchVersion: (range, versions) => renderer.matchVersion(range, versions),
    ...{ maxFileBytes, lsRemoteTimeoutMs, fetchTimeoutMs },
  })
  const applications = new ApplicationRenderer({ renderer, blobs: ledger.blobs, cache: ledger.cache })
  const prepare = { inspector: new Inspector(renderer), limits: renderLimits, rendererVersion: () => renderer.version }
  const evaluator = new FleetEvaluator({
    ...prepare,
    ...{ applications, blobs: ledger.blobs, fleetReader: new FleetReader(), sets: new SetExpander(renderer) },
  })
  let service: SourceService | undefined
  const onEvent = (event: StoredEvent) => {
    const fleet = RepositoryRegistered.is(event) && event.data.role === 'fleet'
    if (fleet || ClusterJoined.is(event) || ClusterRevoked.is(event)) service?.trigger('refresh')
  }
  const followed = await FollowedState.open(ledger, onEvent, signal)
  const poller = { intervalMs: deps.pollIntervalMs ?? 30_000, maxBackoffMs, atOnce: 8 }
  const running = new SourceService({ ledger, followed, repositories, evaluator, applications, poller, log })
  service = running
  const stop = new AbortController()
  const done = serveRequests({ ledger, followed, service, applications, prepare, log }, stop.signal)
  done.catch(() => {}) // the caller's to await; a rejection before that is not unhandled
  service.start()
  return {
    renderer,
    done,
    register: (fleet) => running.register(fleet),
    hint: (identities) => running.hint(identities),
    idle: () => running.idle(),
    get renders() {
      return applications.renders
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done.catch(() => {})
      await running[Symbol.asyncDispose]()
      await followed[Symbol.asyncDispose]()
      await repositories[Symbol.asyncDispose]()
      await renderer[Symbol.asyncDispose]()
    },
  }
}
