import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NewToken, TokenStore } from '@fairlead/access'
import { Redacted } from '@fairlead/errors'
import { eventRegistry, type NewEvent } from '@fairlead/events'
import { type EventContext, type Ledger, openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import { openReadModel, type ReadModel } from '@fairlead/readmodel'
import pino from 'pino'
import type { ApiParts } from '../ports.ts'
import { type Api, type ApiOptions, startApi } from '../start.ts'

export interface TestHub extends AsyncDisposable {
  readonly ledger: Ledger
  readonly readModel: ReadModel
  readonly api: Api
  readonly tokens: TokenStore
  /** Tokens of a principal of each kind; `shop` sees one project only. */
  readonly token: { readonly admin: string; readonly operator: string; readonly viewer: string; readonly shop: string }
  /** Appends each event to its stream in order and waits until reads see them; gives the last position. */
  settle(events: Iterable<{ readonly stream: string; readonly event: NewEvent }>, context?: Partial<EventContext>): Promise<number>
  reading(): Promise<ReadingApi>
  ask<Data = Record<string, never>>(query: string, variables?: object, token?: string, url?: string): Promise<Answer<Data>>
}

/** The API of another process over the same log. It runs no projection and follows nothing: its pool serves what is asked of it, and nothing else. */
export interface ReadingApi extends AsyncDisposable {
  readonly pool: Ledger['pool']
  readonly url: string
}

export interface Answer<Data> {
  readonly status: number
  readonly data: Data | null | undefined
  readonly errors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[] | undefined
}

const system: EventContext = { actor: { kind: 'system', name: 'fairlead', authenticatedBy: 'process' }, correlation: 'test' }

/** A hub's API over a real ledger. */
export async function startTestHub(parts: Partial<ApiParts> = {}, options: ApiOptions = {}): Promise<TestHub> {
  const stack = new AsyncDisposableStack()
  const postgres = stack.use(await startPostgres({ dir: stack.use(temporaryFolder('api')).path }))
  const connectionString = await postgres.database('fairlead')
  const dataKeys = [new Redacted(new Uint8Array(32).fill(7) as Uint8Array)]
  const open = (more: { migrateAs?: false } = {}) => openLedger({ connectionString, registry: eventRegistry, dataKeys, ...more })
  const ledger = stack.use(await open())
  const readModel = openReadModel(ledger)
  const stop = new AbortController()
  const running = readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await running
  })
  await readModel.waitFor(0, 30_000)
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-api-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const tokens = new TokenStore(join(folder, 'tokens.json'))
  const issue = (name: string, role: NewToken['role'], projects = ['*']) => tokens.issue({ name, kind: 'user', role, projects }).reveal()
  const token = {
    admin: issue('ada', 'admin'),
    operator: issue('olga', 'operator'),
    viewer: issue('vera', 'viewer'),
    shop: issue('sam', 'operator', ['project-1']),
  }
  const log = pino({ level: 'silent' })
  const start = (over: Ledger, model: ReadModel) =>
    startApi({ ledger: over, readModel: model, tokens, epoch: () => 1, version: '0.1.0', log, ...parts }, options)
  const api = stack.use(await start(ledger, readModel))
  return {
    ledger,
    readModel,
    api,
    tokens,
    token,
    async settle(events, context) {
      let position = 0
      for (const { stream, event } of events) {
        const result = await ledger.append({ streams: [{ stream, expected: 'any', events: [event] }], context: { ...system, ...context } })
        if (result.outcome !== 'conflict') position = result.position
      }
      await readModel.waitFor(position, 30_000)
      return position
    },
    async reading() {
      await using own = new AsyncDisposableStack()
      const other = own.use(await open({ migrateAs: false }))
      const { url } = own.use(await start(other, openReadModel(other)))
      const parts = own.move()
      return { pool: other.pool, url, [Symbol.asyncDispose]: () => parts.disposeAsync() }
    },
    async ask<Data>(query: string, variables: object = {}, as: string = token.admin, url: string = api.url) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${as}` },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as Answer<Data>
      return { status: response.status, data, errors }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
