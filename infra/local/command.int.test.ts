import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TokenStore } from '@fairlead/access'
import { startApi } from '@fairlead/api'
import { run } from '@fairlead/cli'
import {
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationRequested,
  ApplicationRequestRejected,
  applicationStream,
  eventRegistry,
  type NewEvent,
} from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { applicationName, clusterName, fleetHistory, openReadModel } from '@fairlead/readmodel'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startPostgres } from './postgres/start.ts'
import { temporaryFolder } from './process/temporary.ts'

// Every document that the command sends, against the real API over a real log.

const stack = new AsyncDisposableStack()
const ref = { group: 'apps', kind: 'Deployment', namespace: 'x', name: 'web' }
const context = { actor: { kind: 'system' as const, name: 'fairlead', authenticatedBy: 'process' }, correlation: 'test' }
let differences: 'modify' | 'none' = 'modify'
let ledger: Ledger
let stdout = ''
let stderr = ''

beforeAll(async () => {
  const postgres = stack.use(await startPostgres({ dir: stack.use(temporaryFolder('cli')).path }))
  ledger = stack.use(await openLedger({ connectionString: await postgres.database('fairlead'), registry: eventRegistry }))
  const readModel = openReadModel(ledger)
  const stop = new AbortController()
  const running = readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await running
  })
  let position = 0
  for (const { stream, event } of fleetHistory({ applications: 6, clusters: 2, projects: 2, rounds: 0, together: 6 })) {
    position = await append(stream, event)
  }
  await readModel.waitFor(position, 30_000)
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const tokens = new TokenStore(join(folder, 'tokens.json'))
  const agents = {
    send: async () => ({
      outcome: 'diff' as const,
      id: '1',
      objects: [{ ref, change: differences, fields: [{ path: '.spec.replicas', live: 1, desired: 2 }] }],
    }),
  }
  const log = pino({ level: 'silent' })
  const api = stack.use(await startApi({ ledger, readModel, tokens, agents, epoch: () => 1, version: '0.1.0', log }))
  vi.stubEnv('FAIRLEAD_URL', api.url)
  vi.stubEnv('FAIRLEAD_TOKEN', tokens.issue({ name: 'ada', kind: 'user', role: 'admin', projects: ['*'] }).reveal())
  vi.stubEnv('FAIRLEAD_DATA', folder)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stack.disposeAsync()
})
beforeEach(() => {
  stdout = ''
  stderr = ''
})

async function append(stream: string, event: NewEvent): Promise<number> {
  const result = await ledger.append({ streams: [{ stream, expected: 'any', events: [event] }], context })
  if (result.outcome === 'conflict') throw new Error('conflict')
  return result.position
}

const terminal = {
  colour: false,
  errColour: false,
  out: (text: string) => {
    stdout += text
  },
  err: (text: string) => {
    stderr += text
  },
}
const fairlead = (...args: string[]) => run(args, terminal, AbortSignal.timeout(60_000))

describe('reading', () => {
  test('get apps in every format', async () => {
    expect(await fairlead('get', 'apps')).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^NAME +CLUSTER +NAMESPACE +SYNC +HEALTH +REVISION +DOING/)
    expect(stdout.split('\n')[1]).toMatch(/^app-00000 +cluster-0 +app-00000 +Synced +Healthy +[0-9a-f]{7}/)
    expect(stderr).toBe('')
    const formats: [string, (text: string) => unknown][] = [
      ['wide', (text) => expect(text).toMatch(/PROJECT +WAVE/)],
      ['name', (text) => expect(text.trim().split('\n')).toEqual(Array.from({ length: 6 }, (_, i) => `application/app-0000${i}`))],
      ['json', (text) => expect(JSON.parse(text)).toMatchObject({ items: { length: 6 }, position: expect.any(String) })],
      ['yaml', (text) => expect(text.match(/^ {2}- name: app-0000\d$/gm)).toHaveLength(6)],
      [
        'ndjson',
        (text) =>
          expect(
            text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line).name),
          ).toContain('app-00003'),
      ],
    ]
    for (const [format, check] of formats) {
      stdout = ''
      expect(await fairlead('get', 'apps', '-o', format)).toBe(0)
      check(stdout)
    }
  })

  test.each([
    [['get', 'apps', '-l', 'tier=edge', '-c', 'cluster-0', '--status', 'synced,healthy', '-o', 'name'], /^application\/app-00000\n$/],
    [['get', 'clusters'], /^NAME +STATE +APPS[\s\S]*cluster-1 +Live +3 +Healthy/],
    [['get', 'operations'], /^OPERATION[\s\S]*sync\/1 +sync +automated +Succeeded +6 +fairlead/],
    [['get', 'resources', 'app-00002'], /^OBJECT[\s\S]*app-00002 +cluster-0 +Synced +Healthy/],
    [['describe', 'app/app-00001'], /app-00001[\s\S]*project-1/],
    [['describe', 'cluster/cluster-1'], /cluster-1/],
    [['tree', 'app/app-00001'], /Deployment/],
    [['history', 'app/app-00001'], /sync\/1[\s\S]*Succeeded/],
    [['events', '--app', 'app-00001', '--limit', '3'], /Succeeded at/],
    [['version'], /0\.1\.0/],
    [['api', '-q', '{ serverInfo { epoch } }'], /"epoch": 1/],
    [['wait', 'app/app-00001', '--for', 'synced,healthy'], /^/],
  ])('%j', async (args, output) => {
    expect([await fairlead(...args), stderr]).toEqual([0, args[0] === 'wait' ? expect.any(String) : ''])
    expect(stdout).toMatch(output)
  })

  test('the past, and what is not there', async () => {
    expect(await fairlead('get', 'apps', '--at', '5', '-o', 'name')).toBe(0)
    expect(stdout).toBe('application/app-00000\n')
    expect(await fairlead('get', 'apps', 'nobody')).toBe(4)
    expect(stderr).toContain('not found: nobody')
    expect(await fairlead('describe', 'app/nobody')).toBe(4)
    expect(stderr).toContain('next:')
  })

  test('diff is 1 with differences and 0 without', async () => {
    expect(await fairlead('diff', 'app/app-00001')).toBe(1)
    expect(stdout).toContain('+ .spec.replicas: 2')
    differences = 'none'
    stdout = ''
    expect(await fairlead('diff', 'app/app-00001')).toBe(0)
    expect([stdout, stderr]).toEqual(['', 'no differences\n'])
  })
})

describe('changing', () => {
  const revision = { commit: 'c'.repeat(40), sources: [], subject: 'x' }

  /** Answers requests after this position as the reconciler and the workflows would: `app-00003` succeeds, `app-00004` fails, `app-00005` is refused. */
  async function answer(after: number, signal: AbortSignal): Promise<void> {
    for await (const { events } of ledger.subscribe({ after, types: [ApplicationRequested.type], signal })) {
      for (const { data } of events) {
        const { application, request } = data as { application: ReturnType<typeof applicationName>; request: string }
        const stream = applicationStream(application)
        const error = { code: 'SYNC_DEGRADED' as const, message: 'Deployment/web is Degraded', retryable: true, next: 'look' }
        if (application === applicationName(5)) {
          await append(stream, ApplicationRequestRejected.of({ application, request, error: { ...error, code: 'OPERATION_RUNNING' } }))
          continue
        }
        const common = {
          application,
          operation: `sync/${request.replaceAll('-', '')}`,
          revision,
          bundle: 'd'.repeat(64) as Digest,
          dryRun: false,
        }
        const cluster = clusterName(0) as ClusterId
        await append(
          stream,
          ApplicationOperationStarted.of({
            ...common,
            cluster,
            kind: 'sync',
            cause: 'request',
            request,
            generation: 9,
            prune: false,
            force: false,
          }),
        )
        const failed = application === applicationName(4)
        await append(
          stream,
          ApplicationOperationFinished.of({
            ...common,
            outcome: failed ? 'Failed' : 'Succeeded',
            full: true,
            attempts: 1,
            tookMs: 900,
            ...(failed && { error }),
          }),
        )
      }
    }
  }

  test.each([
    ['succeeds', ['app-00003'], 0, /app-00003 sync\/\w+ Succeeded in/],
    ['fails', ['app/app-00004'], 1, /app-00004 sync\/\w+ Failed in/],
    ['is refused', ['app-00005'], 5, /accepted as/],
    ['fails in part', ['app-00003', 'app-00004'], 8, /Succeeded/],
    ['is not there', ['nobody'], 4, /^$/],
  ])('sync --wait that %s', async (_, names, code, output) => {
    const stop = new AbortController()
    const answering = answer(await ledger.head(), stop.signal)
    expect(await fairlead('sync', ...names, '--wait', '--timeout', '30s', '--reason', 'test')).toBe(code)
    expect(stdout).toMatch(output)
    stop.abort()
    await answering
  })

  test('without --wait a sync is accepted and says how to follow it', async () => {
    expect(await fairlead('sync', 'app-00002', '--prune', '--resource', 'apps:Deployment:web')).toBe(0)
    expect(stdout).toMatch(/^application\/app-00002 sync accepted as \S+\n$/)
    expect(stderr).toContain('fairlead events -w')
  })

  test.each([
    ['refresh', ['refresh', '--hard', 'app-00001'], 0],
    ['rollback of what syncs by itself', ['rollback', 'app-00001', '--to', 'sync/1'], 5],
    ['terminate of nothing', ['terminate', 'app-00001'], 4],
    ['confirm of nothing', ['confirm', 'app-00001'], 5],
  ])('%s', async (_, args, code) => {
    expect(await fairlead(...args)).toBe(code)
  })
})
