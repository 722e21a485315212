import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import { AgentEvent } from '@fairlead/messages'
import { describe, expect, test } from 'vitest'
import { factsOf } from './map.ts'

const east = 'east' as ClusterId
const ref = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'checkout' }
const header = { v: 1, boot: 'b', seq: 1, at: '2026-01-01T00:00:00.000Z' }
const state = { application: 'shop', health: 'Healthy', previousHealth: 'Healthy', upserts: [], removed: [] }
const message = (body: object) => AgentEvent.parse({ ...header, ...body })
const own = (application: ApplicationId) => application === 'shop'
const shown = (body: object) =>
  factsOf(east, message(body), own).streams.map(({ stream, events }) => [stream, events.map(({ type }) => type)])

describe('facts of agent messages', () => {
  test.each([
    [
      'hello',
      { kind: 'hello', hello: { agentVersion: '1', kubernetesVersion: 'v1', epoch: 1, applications: [] } },
      [['cluster-east', ['cluster.connected']]],
    ],
    [
      'a settled step',
      {
        kind: 'step',
        entries: [
          {
            application: 'shop',
            operation: 'sync/1',
            attempt: 1,
            step: 0,
            phase: 'Sync',
            wave: 0,
            outcome: 'succeeded',
            results: [],
            tookMs: 5,
          },
        ],
      },
      [['application-shop', ['application.step-settled']]],
    ],
    ['state without a change', { kind: 'state', entries: [state] }, []],
    [
      'health alone',
      { kind: 'state', entries: [{ ...state, health: 'Degraded', healthMessage: 'x' }] },
      [['application-shop', ['application.health-changed']]],
    ],
    [
      'resources before the health they explain',
      { kind: 'state', entries: [{ ...state, health: 'Degraded', removed: [ref] }] },
      [['application-shop', ['application.resources-changed', 'application.health-changed']]],
    ],
    [
      'drift and its end, in one stream and in order',
      {
        kind: 'drift',
        entries: [
          { status: 'detected', application: 'shop', drift: 'd', resources: [{ ref, kind: 'modified', fields: ['.spec.replicas'] }] },
          { status: 'resolved', application: 'shop', drift: 'd', how: 'self-heal', resources: [ref], tookMs: 9 },
        ],
      },
      [['application-shop', ['application.drift-detected', 'application.drift-resolved']]],
    ],
    [
      'a refused command',
      { kind: 'rejected', command: 'c', error: { code: 'COMMAND_INVALID', message: 'm', retryable: false, next: 'n' } },
      [['cluster-east', ['cluster.command-rejected']]],
    ],
  ])('%s', (_, body, expected) => {
    expect(shown(body)).toEqual(expected)
  })

  test('a report about an application of another cluster changes nothing of it (T1)', () => {
    const mapped = factsOf(
      east,
      message({
        kind: 'state',
        entries: [
          { ...state, application: 'other', health: 'Degraded' },
          { ...state, health: 'Degraded' },
        ],
      }),
      own,
    )
    expect(mapped.foreign).toEqual(['other'])
    expect(mapped.streams.map(({ stream }) => stream)).toEqual(['application-shop'])
  })

  test('the same message gives the same facts however often it comes', () => {
    const body = { kind: 'state', entries: [{ ...state, health: 'Degraded' }] }
    expect(factsOf(east, message(body), own)).toEqual(factsOf(east, message(body), own))
  })
})
