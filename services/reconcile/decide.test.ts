import type { ApplicationRequested, DataOf } from '@fairlead/events'
import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { decideAutomated, decideRequest } from './decide.ts'
import { application, digest, finished, revision, running, synced } from './testing.ts'

const west = 'west' as ClusterId
const blockedError = { code: 'SYNC_BLOCKED', message: '', retryable: true, next: '' } as const

describe('automated sync', () => {
  const table: readonly (readonly [string, ReturnType<typeof application>, object])[] = [
    [
      'a new bundle is synced',
      application('a'),
      { do: 'start', start: { kind: 'sync', cause: 'automated', bundle: digest(1), prune: true } },
    ],
    ['prune follows the policy', application('a', { prune: false }), { do: 'start', start: { prune: false } }],
    ['a newer bundle than the synced one is synced', application('a', { synced: synced(9) }), { do: 'start' }],
    ['the synced bundle is left alone', application('a', { synced: synced(1) }), { do: 'nothing', why: 'synced' }],
    [
      'the same bundle is synced to the cluster that it has moved to',
      application('a', { cluster: west, synced: synced(1), health: 'Healthy' }),
      { do: 'start', start: { kind: 'sync', cluster: 'west', bundle: digest(1) } },
    ],
    ['and left alone there once it is', application('a', { cluster: west, synced: synced(1, 'west') }), { do: 'nothing', why: 'synced' }],
    [
      'an automated operation on the cluster that it has left gives way',
      application('a', { cluster: west, operation: running() }),
      { do: 'supersede', operation: 'sync/1' },
    ],
    [
      'a person’s operation there is waited for',
      application('a', { cluster: west, operation: running({ cause: 'request' }) }),
      { do: 'wait' },
    ],
    [
      'what failed on the other cluster is tried on this one',
      application('a', { cluster: west, lastOperation: finished() }),
      { do: 'start' },
    ],
    ['automated off', application('a', { automated: false }), { do: 'nothing', why: 'automated sync is off' }],
    ['suspended', application('a', { suspended: true }), { do: 'nothing', why: 'suspended' }],
    ['not declared', { ...application('a'), spec: undefined }, { do: 'nothing', why: 'not declared' }],
    ['not rendered', application('a', { desired: undefined }), { do: 'nothing' }],
    ['badly rendered', application('a', { renderError: { ...blockedError, code: 'RENDER_HELM' } }), { do: 'nothing' }],
    ['no cluster', application('a', { cluster: null }), { do: 'wait' }],
    ['held by an operation for the same bundle', application('a', { operation: running() }), { do: 'wait', why: 'held by sync/1' }],
    [
      'held by an automated operation for an older bundle',
      application('a', { operation: running({ bundle: digest(9) }) }),
      { do: 'supersede', operation: 'sync/1' },
    ],
    [
      'a person’s operation is never superseded',
      application('a', { operation: running({ bundle: digest(9), cause: 'request' }) }),
      { do: 'wait' },
    ],
    ['what failed is not tried again by itself', application('a', { lastOperation: finished() }), { do: 'nothing' }],
    ['nor what a person has terminated', application('a', { lastOperation: finished({ outcome: 'Terminated' }) }), { do: 'nothing' }],
    ['another bundle’s failure does not count', application('a', { lastOperation: finished({ bundle: digest(9) }) }), { do: 'start' }],
    ['a failed dry run does not count', application('a', { lastOperation: finished({ dryRun: true }) }), { do: 'start' }],
    ['a failed partial sync does not count', application('a', { lastOperation: finished({ full: false }) }), { do: 'start' }],
    [
      'removed: its objects are deleted',
      application('a', { removed: true, removedCascade: true, synced: synced(9) }),
      { do: 'start', start: { kind: 'delete', cause: 'removal', bundle: digest(9) } },
    ],
    [
      'removed before its first sync: what was rendered',
      application('a', { removed: true, removedCascade: true }),
      { do: 'start', start: { kind: 'delete', bundle: digest(1) } },
    ],
    ['removed without cascade', application('a', { removed: true }), { do: 'forget' }],
    [
      'removed before anything was rendered',
      application('a', { removed: true, removedCascade: true, desired: undefined }),
      { do: 'forget' },
    ],
    ['removed and deleted', application('a', { removed: true, gone: true }), { do: 'nothing', why: 'deleted' }],
    ['removed while a sync runs', application('a', { removed: true, removedCascade: true, operation: running() }), { do: 'supersede' }],
    [
      'removed while the deletion runs',
      application('a', { removed: true, removedCascade: true, operation: running({ kind: 'delete' }) }),
      { do: 'wait' },
    ],
    [
      'removed, and the deletion has failed',
      application('a', { removed: true, removedCascade: true, lastOperation: finished({ kind: 'delete' }) }),
      { do: 'nothing' },
    ],
    [
      'removed after a sync that failed',
      application('a', { removed: true, removedCascade: true, lastOperation: finished() }),
      { do: 'start', start: { kind: 'delete' } },
    ],
  ]
  test.each(table)('%s', (_, state, expected) => {
    expect(decideAutomated(state, [])).toMatchObject(expected)
  })

  describe('blocked by a lower wave', () => {
    const blocked = application('b', { wave: 1, lastOperation: finished({ error: blockedError }) })
    test.each([
      ['while it is unwell', application('a', { health: 'Degraded', synced: synced(1) }), 'wait'],
      ['while it is not synced', application('a', { health: 'Healthy' }), 'wait'],
      ['while it has moved and is not synced there', application('a', { health: 'Healthy', synced: synced(1), cluster: west }), 'wait'],
      ['while it is held', application('a', { health: 'Healthy', synced: synced(1), operation: running() }), 'wait'],
      ['once it is well', application('a', { health: 'Healthy', synced: synced(1) }), 'start'],
      ['once it is gone', application('a', { removed: true }), 'start'],
      ['never by a sibling of its own wave', application('a', { wave: 1, health: 'Degraded' }), 'start'],
    ])('%s', (_, sibling, expected) => {
      expect(decideAutomated(blocked, [sibling]).do).toBe(expected)
    })

    test('or by an application it depends on', () => {
      const dependent = application('b', { dependsOn: ['a'], lastOperation: finished({ error: blockedError }) })
      expect(decideAutomated(dependent, [application('a', { health: 'Progressing' })])).toEqual({ do: 'wait', why: 'blocked by a' })
    })
  })
})

describe('requests', () => {
  const asked = (overrides: Partial<DataOf<typeof ApplicationRequested>> = {}) => ({
    application: 'a' as ApplicationId,
    request: 'r-1',
    action: 'sync' as const,
    prune: false,
    dryRun: false,
    force: false,
    hard: false,
    ...overrides,
  })
  const known = (bundle: string) => (bundle === digest(7) ? revision(7) : undefined)
  const manual = { automated: false }
  const rejected = (code: string) => ({ do: 'reject', error: { code } })
  const table: readonly (readonly [string, Parameters<typeof decideRequest>[0], Parameters<typeof decideRequest>[1], object])[] = [
    [
      'a sync',
      application('a', manual),
      { asked: asked({ prune: true }) },
      { do: 'start', start: { kind: 'sync', cause: 'request', request: 'r-1', prune: true, bundle: digest(1) } },
    ],
    ['also of what is synced', application('a', { synced: synced(1) }), { asked: asked() }, { do: 'start' }],
    [
      'of some objects',
      application('a'),
      { asked: asked({ resources: [{ group: '', kind: 'ConfigMap', name: 'x' }] }) },
      { do: 'start', start: { resources: [{ name: 'x' }] } },
    ],
    ['a refresh is the source’s', application('a'), { asked: asked({ action: 'refresh' }) }, { do: 'nothing' }],
    ['of an unknown application', undefined, { asked: asked() }, rejected('APPLICATION_NOT_FOUND')],
    ['of a removed one', application('a', { removed: true }), { asked: asked() }, rejected('APPLICATION_NOT_FOUND')],
    ['while an operation runs', application('a', { operation: running() }), { asked: asked() }, rejected('OPERATION_RUNNING')],
    ['without a cluster', application('a', { cluster: null }), { asked: asked() }, rejected('CLUSTER_NOT_FOUND')],
    ['before the first render', application('a', { desired: undefined }), { asked: asked() }, rejected('REVISION_NOT_FOUND')],
    ['of another revision, before it is rendered', application('a', manual), { asked: asked({ revision: 'v2' }) }, { do: 'wait' }],
    [
      'of another revision, rendered',
      application('a', manual),
      { asked: asked({ revision: 'v2' }), rendered: { revision: revision(2), bundle: digest(2) } },
      { do: 'start', start: { bundle: digest(2) } },
    ],
    [
      'of another revision under automated sync',
      application('a'),
      { asked: asked({ revision: 'v2' }), rendered: { revision: revision(2), bundle: digest(2) } },
      rejected('AUTO_SYNC_ON'),
    ],
    [
      'as a dry run under automated sync',
      application('a'),
      { asked: asked({ revision: 'v2', dryRun: true }), rendered: { revision: revision(2), bundle: digest(2) } },
      { do: 'start', start: { dryRun: true } },
    ],
    [
      'of the revision that is wanted anyway',
      application('a'),
      { asked: asked({ revision: 'main' }), rendered: { revision: revision(1), bundle: digest(1) } },
      { do: 'start' },
    ],
    [
      'a rollback',
      application('a', manual),
      { asked: asked({ action: 'rollback', bundle: digest(7) }) },
      { do: 'start', start: { kind: 'rollback', bundle: digest(7), revision: revision(7) } },
    ],
    [
      'a rollback under automated sync',
      application('a'),
      { asked: asked({ action: 'rollback', bundle: digest(7) }) },
      rejected('AUTO_SYNC_ON'),
    ],
    [
      'a rollback of a suspended one',
      application('a', { suspended: true }),
      { asked: asked({ action: 'rollback', bundle: digest(7) }) },
      { do: 'start' },
    ],
    [
      'a rollback to what never was',
      application('a', manual),
      { asked: asked({ action: 'rollback', bundle: digest(8) }) },
      rejected('REVISION_NOT_FOUND'),
    ],
    ['a rollback to nothing', application('a', manual), { asked: asked({ action: 'rollback' }) }, rejected('REVISION_NOT_FOUND')],
  ]
  test.each(table)('%s', (_, state, request, expected) => {
    expect(decideRequest(state, request, known)).toMatchObject(expected)
  })

  test('a refusal carries why the render failed', () => {
    const state = application('a', { desired: undefined, renderError: { ...blockedError, code: 'RENDER_HELM', message: 'bad chart' } })
    expect(decideRequest(state, { asked: asked() }, known)).toMatchObject({ error: { message: expect.stringContaining('bad chart') } })
  })
})
