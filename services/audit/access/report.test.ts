import { AccessDenied, ApplicationConfirmed, denialStream } from '@fairlead/events'
import { expect, test } from 'vitest'
import { agent, application, operation, Scene, user } from '../testing/scene.ts'
import type { KnownPrincipal } from './source.ts'

const known = (name: string, more: Partial<KnownPrincipal> = {}): KnownPrincipal => ({
  ...{
    name,
    kind: 'user',
    role: 'operator',
    projects: ['*'],
    actions: ['view', 'sync'],
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
  },
  ...more,
})
const confirmed = ApplicationConfirmed.of({ application, operation })

test('tells what accounts may do, and what they did, as of then', async () => {
  const principals = async () => [
    known('eva', { expiresAt: '2026-01-02T00:00:00.000Z' }),
    known('ana'),
    known('later', { createdAt: '2027-01-01T00:00:00.000Z' }),
  ]
  const scene = new Scene({ sources: { review: { withinMs: 1 }, access: { principals } } })
  await scene.on(confirmed, user('ana'))
  await scene.on(confirmed, { ...user('ci'), kind: 'service', onBehalfOf: 'ana' })
  await scene.on(confirmed, agent)
  await scene.on(confirmed, { kind: 'service', name: 'reconcile', authenticatedBy: 'process' })
  await scene.to(
    denialStream,
    AccessDenied.of({ principal: 'ana', action: 'sync', object: 'application/a', reason: 'no', times: 3 }),
    user('ana'),
  )
  const then = scene.log.events.length
  await scene.on(confirmed, user('ana'))
  const acted = { acts: 0, lastActedAt: null, lastActedPosition: null, denials: 0 }
  const may = {
    kind: 'user',
    source: 'access',
    role: 'operator',
    projects: ['*'],
    actions: ['view', 'sync'],
    createdAt: '2026-01-01T00:00:00.000Z',
  }
  expect(await scene.rows('access', then)).toEqual([
    {
      principal: 'ana',
      ...may,
      standing: 'active',
      expiresAt: null,
      acts: 2,
      lastActedAt: '2026-01-05T08:02:00.000Z',
      lastActedPosition: 2,
      denials: 3,
    },
    {
      ...{
        principal: 'ci',
        kind: 'service',
        source: 'log-only',
        standing: 'not-known',
        role: null,
        projects: [],
        actions: [],
        createdAt: null,
      },
      ...{ expiresAt: null, acts: 1, lastActedAt: '2026-01-05T08:02:00.000Z', lastActedPosition: 2, denials: 0 },
    },
    { principal: 'eva', ...may, standing: 'expired', expiresAt: '2026-01-02T00:00:00.000Z', ...acted },
  ])
})

test('without a source only those are known who acted', async () => {
  const scene = new Scene()
  await scene.on(confirmed, user('ana'))
  expect(await scene.rows('access')).toMatchObject([{ principal: 'ana', source: 'log-only' }])
})
