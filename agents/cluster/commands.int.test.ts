import { generateKeyPairSync } from 'node:crypto'
import { signCommand } from '@fairlead/messages'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { AgentPolicy } from './policy/policy.ts'
import { configMap } from './testing/manifests.ts'
import { bundleOf, type Manifest, planFor, stepCommand } from './testing/plans.ts'
import { startWorld, type World } from './testing/world.ts'

let world: World
let agent: Agent
const policy = AgentPolicy.parse({
  namespaces: { deny: ['kube-*'] },
  kinds: { deny: [{ group: 'rbac.authorization.k8s.io', kind: '*' }] },
  maxPrunes: 1,
})
beforeAll(async () => {
  world = await startWorld()
  agent = await world.agent('east', { policy })
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

const body = (application: string, name: string) => {
  const planned = planFor(world.hub, application, [configMap(name)], { operation: `sync/${application}` })
  return { type: 'steps' as const, steps: [stepCommand(planned)] }
}
let sequence = 1_000
const header = (more: Partial<Parameters<typeof signCommand>[0]> = {}) => {
  const now = Date.now()
  return {
    id: `c-${++sequence}`,
    cluster: 'east',
    epoch: world.hub.epoch,
    sequence,
    notBefore: new Date(now - 5_000),
    expires: new Date(now + 30_000),
    ...more,
  }
}
const exists = async (name: string) => (await world.get(`/api/v1/namespaces/default/configmaps/${name}`)) !== undefined
const rejected = (from: number, containing: string) =>
  world.hub.waitFor(
    'a rejection',
    (event) => (event.kind === 'rejected' && event.error.message.includes(containing) ? event : undefined),
    from,
  )
const settled = (operation: string) =>
  world.hub.waitFor(operation, (event) =>
    event.kind === 'step' ? event.entries.find((entry) => entry.operation === operation) : undefined,
  )

describe('T3: forged commands are refused and reported, and the cluster stays as it is', () => {
  const other = generateKeyPairSync('ed25519').privateKey
  test.each([
    [
      'a changed byte',
      () => ({ ...signCommand(header(), body('forged', 'forged-a'), world.hub.privateKey), id: 'changed' }),
      'does not fit',
    ],
    ['an unknown key', () => signCommand(header(), body('forged', 'forged-a'), other), 'unknown key'],
    [
      'an expired command',
      () => signCommand(header({ expires: new Date(Date.now() - 1_000) }), body('forged', 'forged-a'), world.hub.privateKey),
      'expired',
    ],
    [
      'a command from the future',
      () => signCommand(header({ notBefore: new Date(Date.now() + 60_000) }), body('forged', 'forged-a'), world.hub.privateKey),
      'not valid before',
    ],
    [
      'a command for another cluster',
      () => signCommand(header({ cluster: 'west' }), body('forged', 'forged-a'), world.hub.privateKey),
      'meant for cluster west',
    ],
    ['something else', () => 'hello', 'not a command'],
  ])('%s', async (_, forge, reason) => {
    const from = world.hub.events.length
    expect(await world.hub.raw('east', forge())).toMatchObject({
      outcome: 'refused',
      error: { code: 'COMMAND_INVALID', message: expect.stringContaining(reason) },
    })
    await rejected(from, reason)
    expect(await exists('forged-a')).toBe(false)
  })
})

describe('T4: replay', () => {
  test('the same command twice is done once; after a restart it is still known', async () => {
    const command = signCommand(header(), body('replay', 'replay-a'), world.hub.privateKey)
    expect((await world.hub.raw('east', command)).outcome).toBe('accepted')
    await settled('sync/replay')
    await world.send('DELETE', '/api/v1/namespaces/default/configmaps/replay-a')
    expect((await world.hub.raw('east', command)).outcome).toBe('duplicate')
    await agent[Symbol.asyncDispose]()
    agent = await world.agent('east', { policy })
    expect((await world.hub.raw('east', command)).outcome).toBe('duplicate')
    expect(await exists('replay-a')).toBe(false)
  })

  test('an earlier epoch is refused once a later one was obeyed, also for plans', async () => {
    expect(
      (await world.hub.raw('east', signCommand(header({ epoch: 7, sequence: 1 }), body('epoch', 'epoch-a'), world.hub.privateKey))).outcome,
    ).toBe('accepted')
    await settled('sync/epoch')
    expect(
      await world.hub.raw('east', signCommand(header({ epoch: 6, sequence: 999 }), body('late', 'late-a'), world.hub.privateKey)),
    ).toMatchObject({
      outcome: 'refused',
      error: { message: expect.stringContaining('epoch 7 has been obeyed') },
    })
  })

  test('a plan that was decided before one that has been carried out is refused', async () => {
    const newer = planFor(world.hub, 'order', [configMap('order-a', { v: 'new' })], { operation: 'sync/order-2', generation: 20 })
    await world.hub.raw('east', signCommand(header({ epoch: 7 }), { type: 'steps', steps: [stepCommand(newer)] }, world.hub.privateKey))
    await settled('sync/order-2')
    const older = planFor(world.hub, 'order', [configMap('order-a', { v: 'old' })], { operation: 'sync/order-1', generation: 10 })
    await world.hub.raw('east', signCommand(header({ epoch: 7 }), { type: 'steps', steps: [stepCommand(older)] }, world.hub.privateKey))
    expect(await settled('sync/order-1')).toMatchObject({ outcome: 'refused', error: { code: 'COMMAND_INVALID' } })
    expect((await world.get('/api/v1/namespaces/default/configmaps/order-a'))?.data).toEqual({ v: 'new' })
  })
})

describe("T6: the agent's own policy holds against correctly signed commands", () => {
  const role: Manifest = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'evil' }, rules: [] }
  test.each<[string, Manifest[], Manifest[], string]>([
    ['a denied namespace', [configMap('policy-a'), configMap('policy-b', {}, 'kube-system')], [], 'denies namespace kube-system'],
    ['a denied kind', [configMap('policy-a'), role], [], 'denies kind ClusterRole.rbac.authorization.k8s.io'],
    ['too many deletions', [configMap('policy-a')], [configMap('x'), configMap('y')], 'deletes 2 objects'],
  ])('%s', async (name, manifests, prune, reason) => {
    const operation = `sync/policy-${name.replaceAll(' ', '-')}`
    const planned = planFor(world.hub, 'policy', manifests, { operation, prune })
    const from = world.hub.events.length
    await world.hub.raw('east', signCommand(header({ epoch: 7 }), { type: 'steps', steps: [stepCommand(planned)] }, world.hub.privateKey))
    expect(await settled(operation)).toMatchObject({
      outcome: 'refused',
      error: { code: 'AGENT_REFUSED', message: expect.stringContaining(reason) },
    })
    await rejected(from, reason)
    expect(await exists('policy-a')).toBe(false)
  })

  test('reading is covered too', async () => {
    const ref = { group: '', kind: 'ConfigMap', namespace: 'kube-system', name: 'kube-root-ca.crt' }
    const reply = await world.hub.raw(
      'east',
      signCommand(header({ epoch: 7 }), { type: 'get', ref, apiVersion: 'v1' }, world.hub.privateKey),
    )
    expect(reply).toMatchObject({ outcome: 'refused', error: { code: 'AGENT_REFUSED' } })
  })
})

describe('T15: a secret value leaves the cluster in no message', () => {
  const canary = 'canary-7f3a9c'
  const secret = (value: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'vault', namespace: 'default', annotations: { note: 'x' } },
    stringData: { password: value },
  })
  const send = (command: Parameters<typeof signCommand>[1]) =>
    world.hub.raw('east', signCommand(header({ epoch: 7 }), command, world.hub.privateKey))

  test('not in results, diffs, reads, drift or errors, in plain or encoded', async () => {
    const planned = planFor(world.hub, 'vault', [secret(canary)], { operation: 'sync/vault', generation: 1 })
    await send({ type: 'steps', steps: [stepCommand(planned)] })
    expect(await settled('sync/vault')).toMatchObject({ outcome: 'succeeded' })
    const ref = { group: '', kind: 'Secret', namespace: 'default', name: 'vault' }
    const read = await send({ type: 'get', ref, apiVersion: 'v1' })
    expect(read).toMatchObject({ outcome: 'object', manifest: { data: { password: '‹masked›' } } })
    const other = await send({
      type: 'diff',
      application: planned.plan.application,
      bundle: world.hub.put(bundleOf([secret(`${canary}-new`)])),
    })
    expect(other).toMatchObject({
      objects: [
        { change: 'modify', fields: [{ path: '.data.password', live: '‹masked: live value›', desired: '‹masked: desired value›' }] },
      ],
    })
    const broken = { ...secret(canary), stringData: { password: { nested: canary } } }
    const refused = planFor(world.hub, 'vault', [broken], { operation: 'sync/vault-broken', generation: 2 })
    await send({ type: 'steps', steps: [stepCommand(refused)] })
    const result = await settled('sync/vault-broken')
    expect(result.outcome).toBe('refused')
    expect(result.error?.message).toContain('withheld')
    const refusedDiff = await send({ type: 'diff', application: planned.plan.application, bundle: world.hub.put(bundleOf([broken])) })

    const from = world.hub.events.length
    await send({
      type: 'finish',
      operation: 'sync/vault-broken',
      applications: [{ application: planned.plan.application, plan: refused.digest, outcome: 'failed' }],
    })
    await world.send('PATCH', '/api/v1/namespaces/default/secrets/vault', { stringData: { password: `${canary}-drifted` } })
    const detected = await world.hub.waitFor(
      'drift',
      (event) => (event.kind === 'drift' ? event.entries.find(({ application }) => application === 'vault') : undefined),
      from,
    )
    expect(detected).toMatchObject({ resources: [{ fields: ['.data.password'] }] })

    const said = JSON.stringify([world.hub.events, read, other, refusedDiff])
    for (const form of [canary, Buffer.from(canary).toString('base64').slice(0, 16), encodeURIComponent(canary)])
      expect(said).not.toContain(form)
  })

  test('a diff says what would be created, changed, pruned and refused', async () => {
    const planned = planFor(world.hub, 'diffed', [configMap('diff-a', { v: '1' }), configMap('diff-b')], { operation: 'sync/diffed' })
    await send({ type: 'steps', steps: [stepCommand(planned)] })
    await settled('sync/diffed')
    const bundle = world.hub.put(
      bundleOf([
        configMap('diff-a', { v: '2' }),
        configMap('diff-c'),
        { apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 't', namespace: 'default' } },
      ]),
    )
    const reply = await send({ type: 'diff', application: planned.plan.application, bundle })
    expect(reply.outcome === 'diff' && reply.objects.map(({ ref, change, fields }) => [ref.name, change, fields])).toEqual([
      ['diff-a', 'modify', [{ path: '.data.v', live: '1', desired: '2' }]],
      ['diff-c', 'create', []],
      ['t', 'refused', []],
      ['diff-b', 'prune', []],
    ])
  })
})
