import { ApplicationId, ClusterId } from '@fairlead/manifests'
import { z } from 'zod'
import { defineEvent, Personal } from './define.ts'
import { OperationId, OperationKind, RecordedError } from './values.ts'

// Streams: `repository-<id>`, `cluster-<id>`, `operation-<id>`, `project-<name>`, `fleet`, `hub`.

/** Fairlead follows this repository from now on. A fleet repository's declarations are read from `path` at `revision`. */
export const RepositoryRegistered = defineEvent(
  'repository.registered',
  1,
  z.object({
    repository: z.string(),
    url: z.string(),
    role: z.enum(['fleet', 'source']),
    path: z.string().default('.'),
    revision: z.string().default('HEAD'),
    /** What `https://kubernetes.default.svc` means in this fleet repository; absent = the first cluster that joined. */
    homeCluster: ClusterId.optional(),
  }),
)

/** A branch or tag that Fairlead follows points to a new commit. */
export const RepositoryRevisionObserved = defineEvent(
  'repository.revision-observed',
  1,
  z.object({
    repository: z.string(),
    url: z.string(),
    ref: z.string(),
    commit: z.string(),
    previous: z.string().optional(),
    via: z.enum(['webhook', 'poll', 'refresh', 'start']),
    subject: z.string().max(200),
    author: Personal.optional(),
    /** Who wrote what `commit` holds and `previous` does not, each once, the newest first; `author` alone when that is all. */
    authors: z.array(Personal).max(100).optional(),
    authoredAt: z.iso.datetime().optional(),
  }),
)

/** Everything that the commit changes has been declared and rendered; appended atomically with those events, so decisions can be made on the whole. */
export const RepositoryRevisionProcessed = defineEvent(
  'repository.revision-processed',
  1,
  z.object({
    repository: z.string(),
    commit: z.string(),
    /** Applications with a new bundle, a removed declaration or changed options. */
    changed: z.array(ApplicationId),
    /** Renders that were really made; the rest came from the cache. */
    renders: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    tookMs: z.int().nonnegative(),
  }),
)

export const RepositoryFailed = defineEvent('repository.failed', 1, z.object({ repository: z.string(), error: RecordedError }))

export const RepositoryRecovered = defineEvent('repository.recovered', 1, z.object({ repository: z.string() }))

/** A file or object of a fleet repository could not be read as a declaration; the others count. */
export const DeclarationFailed = defineEvent(
  'fleet.declaration-failed',
  1,
  z.object({ repository: z.string(), commit: z.string(), error: RecordedError }),
)

/** Something odd but not fatal in a declaration, reported once per content. */
export const DeclarationWarned = defineEvent(
  'fleet.declaration-warned',
  1,
  z.object({ repository: z.string(), commit: z.string(), file: z.string(), line: z.int().positive(), message: z.string() }),
)

export const ProjectDeclared = defineEvent(
  'project.declared',
  1,
  z.object({ project: z.string(), spec: z.record(z.string(), z.unknown()) }),
)

export const ProjectRemoved = defineEvent('project.removed', 1, z.object({ project: z.string() }))

/** A hub process took the lead with this epoch, higher than any before. Stream `hub`, whose version it is. */
export const HubStarted = defineEvent('fleet.hub-started', 1, z.object({ epoch: z.int().positive(), version: z.string() }))

/** A single-use token for joining was made; only its fingerprint is kept. */
export const ClusterTokenIssued = defineEvent(
  'cluster.token-issued',
  1,
  z.object({ cluster: ClusterId, fingerprint: z.string(), expiresAt: z.iso.datetime() }),
)

export const ClusterJoined = defineEvent(
  'cluster.joined',
  1,
  z.object({
    cluster: ClusterId,
    /** Public NATS user key of the agent; its private half never leaves the agent. */
    publicKey: z.string(),
    tokenFingerprint: z.string(),
    /** API server URL as the agent reaches it. */
    server: z.string(),
    kubernetesVersion: z.string(),
    agentVersion: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
)

export const ClusterRevoked = defineEvent('cluster.revoked', 1, z.object({ cluster: ClusterId, publicKey: z.string() }))

export const ClusterConnected = defineEvent(
  'cluster.connected',
  1,
  z.object({ cluster: ClusterId, boot: z.string(), agentVersion: z.string(), kubernetesVersion: z.string() }),
)

export const ClusterDisconnected = defineEvent('cluster.disconnected', 1, z.object({ cluster: ClusterId, lastSeenAt: z.iso.datetime() }))

/** The agent refused a command: bad signature, repeated, expired, or against its own allow-list. */
export const ClusterCommandRejected = defineEvent(
  'cluster.command-rejected',
  1,
  z.object({ cluster: ClusterId, command: z.string(), error: RecordedError }),
)

/** The agent reported on applications that are not its cluster's, or sent what is no report; nothing of it was recorded as a fact. */
export const ClusterReportRefused = defineEvent(
  'cluster.report-refused',
  1,
  z.object({ cluster: ClusterId, applications: z.array(ApplicationId), error: RecordedError }),
)

/** One cause has set these applications in motion together. */
export const OperationStarted = defineEvent(
  'operation.started',
  1,
  z.object({
    operation: OperationId,
    kind: OperationKind,
    cause: z.enum(['automated', 'request', 'removal']),
    applications: z.array(ApplicationId),
  }),
)

export const OperationFinished = defineEvent(
  'operation.finished',
  1,
  z.object({
    operation: OperationId,
    succeeded: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    terminated: z.int().nonnegative(),
    tookMs: z.int().nonnegative(),
  }),
)
