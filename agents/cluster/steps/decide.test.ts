import type { ObjectRef } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { groupsOf, keeps, type Seen, type Verdict, verdictOf } from './decide.ts'

const task = (kind: string, name: string, action: 'apply' | 'prune' | 'hook' = 'apply') => ({
  task: { action, ref: { group: '', kind, namespace: 'a', name } satisfies ObjectRef },
})

test('tasks of one kind and action stand together, in order', () => {
  const tasks = [
    task('ConfigMap', 'a'),
    task('ConfigMap', 'b'),
    task('ConfigMap', 'c', 'prune'),
    task('Service', 'd'),
    task('ConfigMap', 'e'),
  ]
  expect(groupsOf(tasks).map((group) => group.map(({ task: { ref } }) => ref.name).join(''))).toEqual(['ab', 'c', 'd', 'e'])
  expect(groupsOf([])).toEqual([])
})

describe('whether an object has settled', () => {
  const seen = (health: Seen['health'], more: Partial<Seen> = {}): Seen => ({ liveness: 'present', observed: true, health, ...more })
  const apply = { action: 'apply', ignoreHealth: false } as const
  const hook = { action: 'hook', ignoreHealth: false } as const
  test.each<[string, Parameters<typeof verdictOf>[0], Seen, boolean, Verdict]>([
    ['taken by the API server is enough when health is not waited for', apply, seen('Progressing'), false, 'settled'],
    ['Healthy', apply, seen('Healthy'), true, 'settled'],
    ['Progressing', apply, seen('Progressing'), true, 'waiting'],
    ['Suspended', apply, seen('Suspended'), true, 'waiting'],
    ['Unknown', apply, seen('Unknown'), true, 'waiting'],
    ['Degraded', apply, seen('Degraded'), true, 'failed'],
    ['Degraded before the controller has seen the new specification', apply, seen('Degraded', { observed: false }), true, 'waiting'],
    ['Healthy before the controller has seen the new specification', apply, seen('Healthy', { observed: false }), true, 'waiting'],
    ['not seen yet', apply, seen('Missing', { liveness: 'unknown' }), true, 'waiting'],
    ['deleted by somebody', apply, seen('Missing', { liveness: 'missing' }), true, 'waiting'],
    ['health does not matter', { ...apply, ignoreHealth: true }, seen('Degraded'), true, 'settled'],
    ['a hook that succeeded', hook, seen('Healthy'), false, 'settled'],
    ['a hook that runs is waited for in any case', hook, seen('Progressing'), false, 'waiting'],
    ['a hook that is suspended still runs', hook, seen('Suspended'), true, 'waiting'],
    ['a hook that failed', hook, seen('Degraded'), false, 'failed'],
    ['a hook of which nothing is known has failed', hook, seen('Unknown'), false, 'failed'],
    ['a hook that deleted itself', hook, seen('Missing', { liveness: 'missing' }), false, 'settled'],
  ])('%s', (_, of, state, waitHealthy, verdict) => {
    expect(verdictOf(of, state, waitHealthy)).toBe(verdict)
  })
})

test.each<[string, Record<string, string> | undefined, string | undefined]>([
  ['its own object', { t: 'app' }, undefined],
  ['an unmarked object', undefined, 'does not carry'],
  ["another application's", { t: 'other' }, 'belongs to application other'],
  ['one that is protected', { t: 'app', 'argocd.argoproj.io/sync-options': 'Validate=false, Prune=false' }, 'Prune=false'],
  ['one with other options', { t: 'app', 'argocd.argoproj.io/sync-options': 'Prune=true' }, undefined],
])('pruning %s', (_, annotations, reason) => {
  const answer = keeps(annotations, 'app', 't')
  if (reason === undefined) expect(answer).toBeUndefined()
  else expect(answer).toContain(reason)
})
