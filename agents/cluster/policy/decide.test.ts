import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApplicationId, Digest, ObjectRef } from '@fairlead/manifests'
import { PlannedTask, type SyncPlan } from '@fairlead/messages'
import { describe, expect, test } from 'vitest'
import { forbids, forbidsPlan, glob } from './decide.ts'
import { AgentPolicy, openPolicy, readPolicy } from './policy.ts'

const ref = (kind: string, namespace: string, name = 'x', group = ''): ObjectRef => ({ group, kind, namespace, name })
const policy = AgentPolicy.parse({
  namespaces: { allow: ['team-*'], deny: ['team-secret'] },
  kinds: { allow: [{ group: '*', kind: '*' }], deny: [{ group: 'rbac.authorization.k8s.io', kind: 'Cluster*' }] },
  clusterScoped: false,
  maxPrunes: 1,
})

test.each<[string, AgentPolicy, ObjectRef, string | undefined]>([
  ['an open policy allows all', openPolicy, ref('Deployment', 'kube-system'), undefined],
  ['an open policy allows objects of the cluster', openPolicy, ref('PriorityClass', ''), undefined],
  ['an allowed namespace', policy, ref('ConfigMap', 'team-a'), undefined],
  ['another namespace', policy, ref('ConfigMap', 'default'), 'does not allow namespace default'],
  ['a denied namespace', policy, ref('ConfigMap', 'team-secret'), 'denies namespace team-secret'],
  ['a namespace is in itself', policy, ref('Namespace', '', 'team-a'), undefined],
  ['another namespace itself', policy, ref('Namespace', '', 'prod'), 'does not allow namespace prod'],
  [
    'an object of the cluster',
    policy,
    ref('StorageClass', '', 'fast', 'storage.k8s.io'),
    'denies cluster-scoped objects (StorageClass fast)',
  ],
  [
    'a denied kind',
    policy,
    ref('ClusterRole', '', 'admin', 'rbac.authorization.k8s.io'),
    'denies kind ClusterRole.rbac.authorization.k8s.io',
  ],
  [
    'a kind that is not allowed',
    AgentPolicy.parse({ kinds: { allow: [{ group: '', kind: 'ConfigMap' }] } }),
    ref('Secret', 'a'),
    'does not allow kind Secret',
  ],
])('%s', (_, rules, object, reason) => {
  const answer = forbids(rules, object)
  if (reason === undefined) expect(answer).toBeUndefined()
  else expect(answer).toContain(reason)
})

describe('a plan', () => {
  const plan = (...tasks: [ObjectRef, 'apply' | 'prune'][]): SyncPlan => ({
    v: 1,
    application: 'a' as ApplicationId,
    operation: 'sync/1',
    generation: 1,
    bundle: '0'.repeat(64) as Digest,
    commit: '',
    steps: [
      {
        index: 0,
        phase: 'Sync',
        wave: 0,
        waitHealthy: true,
        tasks: tasks.map(([object, action]) => PlannedTask.parse({ ref: object, apiVersion: 'v1', action, why: '' })),
      },
    ],
    failSteps: [],
    prunes: 0,
    needsConfirmation: false,
    notes: [],
    namespace: 'team-a',
  })
  const prune = (name: string): [ObjectRef, 'prune'] => [ref('ConfigMap', 'team-a', name), 'prune']

  test.each<[string, AgentPolicy, SyncPlan, string | undefined]>([
    ['within the policy', policy, plan([ref('ConfigMap', 'team-a'), 'apply'], prune('b')), undefined],
    [
      'one object outside refuses the whole',
      policy,
      plan([ref('ConfigMap', 'team-a'), 'apply'], [ref('ConfigMap', 'prod'), 'apply']),
      'does not allow namespace prod',
    ],
    ['too many deletions', policy, plan(prune('a'), prune('b')), "deletes 2 objects and the agent's policy allows 1"],
    ['without a limit', openPolicy, plan(prune('a'), prune('b')), undefined],
    ['a namespace of Kubernetes', openPolicy, plan([ref('Namespace', '', 'kube-system'), 'prune']), 'never deleted'],
  ])('%s', (_, rules, value, reason) => {
    const answer = forbidsPlan(rules, value)
    if (reason === undefined) expect(answer).toBeUndefined()
    else expect(answer).toContain(reason)
  })
})

test.each([
  ['*', '', true],
  ['*', 'a', true],
  ['a', 'a', true],
  ['a', 'ab', false],
  ['a*c', 'abc', true],
  ['a*c', 'abd', false],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'a-c', false],
  ['ab*ba', 'aba', false],
  ['x*', 'a', false],
])('%s matches %j: %s', (pattern, value, expected) => {
  expect(glob(pattern, value)).toBe(expected)
})

test('a policy that cannot be read is an error', () => {
  const dir = mkdtempSync(join(tmpdir(), 'policy-'))
  try {
    const path = join(dir, 'policy.json')
    writeFileSync(path, '{"namespaces":{"alow":["a"]}}')
    expect(() => readPolicy(path)).toThrow(/cannot be read/)
    writeFileSync(path, '{"maxPrunes":3}')
    expect(readPolicy(path).maxPrunes).toBe(3)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
