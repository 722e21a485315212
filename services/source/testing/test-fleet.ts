import { randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import { applicationStream, ClusterJoined, clusterStream, eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger, type StoredEvent, uuid7 } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import type { ClusterId } from '@fairlead/manifests'
import type { Bundle } from '@fairlead/messages'
import pino from 'pino'
import { type Source, type SourceDeps, startSource } from '../start.ts'
import { type FileChange, TestRepository } from './repository.ts'
import { rendererPath } from './workshop.ts'

export const testActor = { kind: 'user' as const, name: 'ada', authenticatedBy: 'token' }

/** One Postgres and one renderer program for all fleets of a test file. */
export class TestFleets implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #database: (name: string) => Promise<string>
  readonly #renderer: string
  #made = 0

  private constructor(stack: AsyncDisposableStack, database: (name: string) => Promise<string>, renderer: string) {
    this.#stack = stack
    this.#database = database
    this.#renderer = renderer
  }

  static async open(): Promise<TestFleets> {
    const stack = new AsyncDisposableStack()
    const folder = stack.use(temporaryFolder('source'))
    const postgres = stack.use(await startPostgres({ dir: `${folder.path}/postgres` }))
    return new TestFleets(stack, (name) => postgres.database(name), await rendererPath())
  }

  async repository(files: Record<string, FileChange> = {}): Promise<TestRepository> {
    return this.#stack.use(await TestRepository.create(files))
  }

  /** A new ledger whose fleet has these clusters. */
  async ledger(...clusters: string[]): Promise<Ledger> {
    const ledger = this.#stack.use(
      await openLedger({
        connectionString: await this.#database(`source_${++this.#made}`),
        registry: eventRegistry,
        dataKeys: [new Redacted(randomBytes(32))],
      }),
    )
    for (const cluster of clusters) await joinCluster(ledger, cluster)
    return ledger
  }

  async source(ledger: Ledger, folder: string, options: Partial<SourceDeps> = {}): Promise<Source> {
    return startSource({
      ...{ ledger, folder, renderer: { path: this.#renderer, workers: 3 }, log: pino({ level: 'silent' }) },
      urls: { fileRoots: ['/'] },
      pollIntervalMs: 3_600_000,
      ...options,
    })
  }

  /** A fleet repository with these files, and a source that has processed its declarations in `apps/`. */
  async fleet(files: (url: string) => Record<string, FileChange>, options: Partial<SourceDeps> = {}): Promise<TestFleet> {
    const repository = await this.repository()
    await repository.commit(files(repository.url), 'First commit')
    const ledger = await this.ledger('east')
    const folder = this.#stack.use(temporaryFolder('source'))
    const fleet = new TestFleet(repository, ledger, () => this.source(ledger, folder.path, options))
    this.#stack.use(fleet)
    await fleet.start()
    await fleet.source.register({ repository: 'fleet', url: repository.url, role: 'fleet', path: 'apps', revision: 'HEAD' })
    await fleet.source.idle()
    return fleet
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

export class TestFleet implements AsyncDisposable {
  readonly repository: TestRepository
  readonly ledger: Ledger
  readonly #open: () => Promise<Source>
  #source: Source | undefined
  #seen = 0

  constructor(repository: TestRepository, ledger: Ledger, open: () => Promise<Source>) {
    this.repository = repository
    this.ledger = ledger
    this.#open = open
  }

  get source(): Source {
    return this.#source!
  }

  async start(): Promise<void> {
    this.#source = await this.#open()
  }

  async restart(): Promise<void> {
    await this.source[Symbol.asyncDispose]()
    await this.start()
    await this.source.idle()
  }

  /** Tells the source of a push and waits until it has been processed. */
  async pushed(repository = this.repository): Promise<void> {
    await this.source.hint([`file${repository.folder}`])
    await this.source.idle()
  }

  /** Events since the last question. */
  async news(): Promise<StoredEvent[]> {
    const events = await this.ledger.read({ from: this.#seen, limit: 10_000 })
    this.#seen = events.at(-1)?.position ?? this.#seen
    return events
  }

  /** Types of all events of an application. */
  async historyOf(application: string): Promise<string[]> {
    return typesOf(await this.ledger.readStream(applicationStream(application)))
  }

  async bundle(application: string): Promise<Bundle> {
    const events = await this.ledger.readStream(applicationStream(application))
    const rendered = events.findLast(({ type }) => type === 'application.rendered')
    return this.ledger.blobs.getJson((rendered!.data as { bundle: string }).bundle)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.[Symbol.asyncDispose]()
  }
}

export async function joinCluster(ledger: Ledger, cluster: string): Promise<void> {
  const event = ClusterJoined.of({
    ...{ cluster: cluster as ClusterId, publicKey: 'U', tokenFingerprint: 'f', server: `https://${cluster}.example.com` },
    ...{ kubernetesVersion: 'v1.36.3', agentVersion: '0', labels: { region: 'eu' } },
  })
  const streams = [{ stream: clusterStream(cluster), expected: 'any' as const, events: [event] }]
  await ledger.append({ streams, context: { actor: testActor, correlation: uuid7() } })
}

export function configMap(name: string, value = '1'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: "${value}" }\n`
}

/** An Argo CD Application of a folder, for a namespace of its own name on the home cluster. */
export function application(name: string, repoURL: string, folder: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  project: default
  source: { repoURL: "${repoURL}", targetRevision: HEAD, path: ${folder} }
  destination: { server: https://kubernetes.default.svc, namespace: ${name} }
`
}

export function typesOf(events: readonly StoredEvent[], stream?: string): string[] {
  return events.filter((event) => !stream || event.stream === stream).map(({ type }) => type)
}

/** Data of the first event of a type, or of an event. Events of many types are looked at in tests. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect
export function dataOf(events: readonly StoredEvent[] | StoredEvent | undefined, type?: string): any {
  const event = Array.isArray(events) ? events.find((candidate) => candidate.type === type) : (events as StoredEvent | undefined)
  return event?.data
}

export function processedIn(events: readonly StoredEvent[]): unknown[] {
  return events.filter(({ type }) => type === 'repository.revision-processed').map(({ data }) => data)
}
