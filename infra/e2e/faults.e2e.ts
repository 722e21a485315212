import { until } from '@fairlead/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Applications, patience } from './applications.ts'
import { Fleet } from './fleet.ts'
import { configMap, deployment, yaml } from './manifests.ts'

let fleet: Fleet
let applications: Applications

beforeAll(async () => {
  fleet = new Fleet()
  applications = await Applications.open(fleet)
})
afterAll(() => applications?.[Symbol.dispose]())

describe('drift', () => {
  test('a live edit is seen, healed, and stands in the history with its time', async () => {
    await applications.synced('drifting', await applications.declare('drifting', yaml(configMap('settings', { mode: 'calm' }))))
    const east = fleet.cluster('east')
    const path = '/api/v1/namespaces/drifting/configmaps/settings'
    await east.patch(path, { data: { mode: 'wild' } })
    await until('the heal', async () => ((await east.get(path))?.data?.mode === 'calm' ? true : undefined), patience)
    const drift = await until(
      'its record',
      async () => (await applications.row('drifting'))?.drifts.find(({ how }) => how === 'self-heal'),
      patience,
    )
    expect(drift.resources[0]?.fields).toEqual(['.data.mode'])
    expect(drift.tookMs).toBeGreaterThanOrEqual(0)
    expect(await fleet.ok('history', 'app/drifting')).toMatch(/drift.*self-heal/)
  })

  test('a deleted object comes back', async () => {
    const east = fleet.cluster('east')
    const path = '/api/v1/namespaces/drifting/configmaps/settings'
    const before = await east.get(path)
    const told = (await applications.row('drifting'))?.drifts.length ?? 0
    await east.delete(path)
    await until(
      'its return',
      async () => ((await east.get(path))?.metadata.uid ?? before?.metadata.uid) !== before?.metadata.uid || undefined,
      patience,
    )
    // Told before the hub goes away, or the next test could take it for its own.
    await until('its record', async () => ((await applications.row('drifting'))?.drifts.length ?? 0) > told || undefined, patience)
  })

  test('healing goes on while the hub is away, and is reported when it is back', async () => {
    const east = fleet.cluster('east')
    const path = '/api/v1/namespaces/drifting/configmaps/settings'
    const healed = (await applications.row('drifting'))?.drifts.length ?? 0
    for (const program of ['hub', 'ingest', 'nats']) await fleet.pause(program)
    try {
      await east.patch(path, { data: { mode: 'alone' } })
      await until('the heal', async () => ((await east.get(path))?.data?.mode === 'calm' ? true : undefined), patience)
    } finally {
      for (const program of ['nats', 'ingest', 'hub']) await fleet.resume(program)
    }
    await until('the report', async () => ((await applications.row('drifting'))?.drifts.length ?? 0) > healed || undefined, patience)
  })
})

describe('a process dies in the middle of a wave', () => {
  test.each(['worker', 'agent-east', 'ingest', 'nats', 'hub', 'temporal'])(
    '%s is killed: the operation finishes and nothing is applied twice',
    async (program) => {
      const name = `killed-${program}`
      const objects = yaml(
        configMap('first', { a: '1' }, { wave: 0 }),
        deployment('gate', { wave: 1, ready: false }),
        configMap('last', { b: '2' }, { wave: 2 }),
      )
      const commit = await applications.declare(name, objects)
      const east = fleet.cluster('east')
      const written = () => east.agentWrites(name).map(({ verb, resource, name: object }) => `${verb} ${resource}/${object}`)
      // The API server has answered: a request whose sender dies before is recorded as failed, carried out or not.
      await until('the gate', async () => written().some((write) => write.endsWith(' deployments/gate')) || undefined, patience)
      await fleet.restart(program)
      await east.letPodsGetReady(name)
      await applications.synced(name, commit)
      const writes = written()
      for (const object of ['configmaps/first', 'deployments/gate', 'configmaps/last']) {
        expect(
          writes.filter((write) => write.endsWith(` ${object}`)),
          object,
        ).toHaveLength(1)
      }
    },
  )
})

describe('the hub is restarted on its data', () => {
  test('what it says of the fleet is what it said before', async () => {
    const query = `{ applications(first: 100) { nodes { name sync health cluster synced { revision { commit } bundle } desired { bundle } } } clusters(first: 10) { nodes { name kubernetesVersion } } }`
    // What a commit set going in other applications may go on when its own is synced.
    interface Doing {
      readonly applications: { readonly nodes: readonly { readonly operation: object | null }[] }
    }
    const doing = () => fleet.ask<Doing>('{ applications(first: 100) { nodes { operation { id } } } }')
    await until('quiet', async () => (await doing()).applications.nodes.every(({ operation }) => operation === null) || undefined, patience)
    const before = await fleet.ask<object>(query)
    await fleet.restart('hub', 'SIGTERM')
    const after = await until(
      'the hub’s answer',
      async () => ((await fleet.fairlead('api', '-q', query)).code === 0 ? await fleet.ask<object>(query) : undefined),
      patience,
    )
    expect(after).toEqual(before)
  })
})
