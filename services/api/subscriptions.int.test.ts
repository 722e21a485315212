import { ApplicationDriftDetected } from '@fairlead/events'
import { applicationName, clusterName } from '@fairlead/readmodel'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetHub, on, started, startFleetHub } from './testing/fleet.ts'

let hub: FleetHub
beforeAll(async () => {
  hub = await startFleetHub()
})
afterAll(() => hub?.[Symbol.asyncDispose]())

test('deltas begin after the given position and end with the token', async () => {
  const token = hub.tokens.issue({ name: 'temporary', kind: 'user', role: 'viewer', projects: ['*'] }).reveal()
  await using stream = await follow(
    'subscription($after: Position) { fleetDelta(after: $after) { __typename ... on RowUpserts { position applications { name openDrifts operation { id } } } } }',
    { after: String(await hub.ledger.head()) },
    token,
  )
  const resources = [{ ref: { group: '', kind: 'ConfigMap', namespace: 'a', name: 'b' }, kind: 'modified' as const, fields: ['.data'] }]
  const drift = (id: string) =>
    on(15, ApplicationDriftDetected.of({ application: applicationName(15), cluster: clusterName(0), drift: id, resources }))
  const position = await hub.settle([drift('d-1')])
  expect(await stream.next()).toEqual({
    data: {
      fleetDelta: {
        __typename: 'RowUpserts',
        position: String(position),
        applications: [{ name: 'app-00015', openDrifts: 1, operation: null }],
      },
    },
  })
  await hub.settle([started(15, 'sync/91')])
  expect(await stream.next()).toMatchObject({ data: { fleetDelta: { applications: [{ operation: { id: 'sync/91' } }] } } })
  hub.tokens.revoke('temporary')
  await hub.settle([drift('d-2')])
  expect(await stream.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  expect(await stream.next()).toBeUndefined()
})

test('events come filtered, and only of projects that one sees', async () => {
  const after = String(await hub.ledger.head())
  const document =
    'subscription($after: Position) { events(after: $after, filter: { type: ["application.operation-started"] }) { position summary } }'
  await using stream = await follow(document, { after }, hub.token.shop)
  await hub.settle([started(17, 'sync/92')])
  const position = await hub.settle([started(16, 'sync/93')])
  expect(await stream.next()).toEqual({
    data: { events: { position: String(position), summary: 'sync/93 begins to sync app-00016 at ccccccc' } },
  })
})

test('a caller who leaves ends its subscription', async () => {
  const clients = async () => {
    const response = await fetch(new URL('/metrics', hub.api.url), { headers: { authorization: `Bearer ${hub.token.admin}` } })
    return Number(/^fairlead_subscription_clients (\d+)$/m.exec(await response.text())![1])
  }
  // Those of the tests before have left; the hub hears of it a moment later.
  await expect.poll(clients).toBe(0)
  const stream = await follow('subscription { fleetDelta { __typename } }', {}, hub.token.admin)
  await expect.poll(clients).toBe(1)
  await stream[Symbol.asyncDispose]()
  await expect.poll(clients).toBe(0)
})

async function follow(query: string, variables: object, token: string) {
  const stop = new AbortController()
  const response = await fetch(hub.api.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
    signal: stop.signal,
  })
  const frames = framesOf(response)
  return {
    next: async () => (await frames.next()).value,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await frames.return(undefined).catch(() => undefined)
    },
  }
}

async function* framesOf(response: Response): AsyncGenerator<unknown, undefined> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body!) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const text = /^data: (.*)$/m.exec(frame)?.[1]
      if (/^event: next$/m.test(frame) && text) yield JSON.parse(text)
    }
  }
  return undefined
}
