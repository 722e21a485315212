import { ApplicationConfirmationAwaited, ApplicationRenderFailed, denialStream } from '@fairlead/events'
import type { CommandBody, CommandReply } from '@fairlead/messages'
import { applicationName } from '@fairlead/readmodel'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AgentPort, startApi } from './index.ts'
import { type FleetHub, on, revision, started, startFleetHub } from './testing/fleet.ts'

const commands: { cluster: string; body: CommandBody }[] = []
let reply: CommandReply
let hub: FleetHub
let written: number

beforeAll(async () => {
  const agents = {
    send: async (cluster: string, body: CommandBody) => {
      commands.push({ cluster, body })
      return reply
    },
  }
  hub = await startFleetHub({ agents })
  written = hub.written
})
afterAll(() => hub?.[Symbol.asyncDispose]())

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes are looked into field by field
const data = async (query: string, variables?: object, token?: string): Promise<any> => {
  const answer = await hub.ask(query, variables, token)
  expect(answer.errors).toBeUndefined()
  return answer.data
}
const refused = async (query: string, variables?: object, token?: string) => (await hub.ask(query, variables, token)).errors![0]!

const applicationFields = `id name project cluster namespace labels sync health healthMessage freshness automated selfHeal suspended wave
  parent { kind name } desired { revision { commit subject } bundle objects at } synced { revision { commit } bundle operation at }
  renderError { code message } operation { id waitingFor attempt stepsSettled awaitingConfirmation }
  lastOperation { id outcome finishedAt attempts full steps { index outcome results { ref { kind name } action } } } openDrifts
  declaredAt { repository path line } source { repoURL path targetRevision tool }
  resources(first: 10) { nodes { ref { kind name } health } totalCount facets { key values { value count } } }
  operations(first: 1) { nodes { id outcome } totalCount pageInfo { hasNextPage endCursor } }
  drifts(first: 3) { id how }`

describe('applications', () => {
  test('a list carries everything about each row, counts, and the position that it is of', async () => {
    const { applications } = await data(
      `{ applications(first: 10, sort: { key: NAME }) { nodes { ${applicationFields} } totalCount facets { key values { value count } }
         pageInfo { hasNextPage endCursor } asOf position } }`,
    )
    expect(applications).toMatchObject({ totalCount: 30, position: String(written), pageInfo: { hasNextPage: true } })
    expect(applications.facets.find((facet: { key: string }) => facet.key === 'sync').values).toEqual([{ value: 'SYNCED', count: 30 }])
    expect(applications.nodes[1]).toMatchObject({
      id: 'Application:app-00001',
      name: 'app-00001',
      sync: 'SYNCED',
      health: 'HEALTHY',
      freshness: 'LIVE',
      automated: true,
      selfHeal: true,
      parent: { kind: 'application', name: 'root' },
      desired: { revision: { subject: 'Round 1: raise the image tag' }, objects: 4 },
      synced: { operation: 'sync/3' },
      operation: null,
      lastOperation: {
        id: 'sync/3',
        outcome: 'Succeeded',
        attempts: 1,
        full: true,
        steps: [{ index: 0 }, { index: 1, outcome: 'succeeded' }],
      },
      source: [{ tool: 'detect', targetRevision: 'main' }],
      resources: { totalCount: 4, nodes: [{ ref: { kind: 'ConfigMap' } }, {}, {}, {}] },
      operations: { totalCount: 2, nodes: [{ id: 'sync/3' }], pageInfo: { hasNextPage: true } },
    })
    const rest = await data(
      `query($after: String) { applications(first: 100, after: $after) { nodes { name } pageInfo { hasNextPage } } }`,
      { after: applications.pageInfo.endCursor },
    )
    expect(rest.applications.nodes).toHaveLength(20)
  })

  test('lists nest without a read for each row', async () => {
    await using reading = await hub.reading()
    let reads = 0
    reading.pool.on('acquire', () => {
      reads++
    })
    const counted = async (first: number) => {
      reads = 0
      const answer = await hub.ask(`{ applications(first: ${first}) { nodes { ${applicationFields} } } }`, {}, hub.token.admin, reading.url)
      expect(answer.errors).toBeUndefined()
      return reads
    }
    const few = await counted(2)
    expect(few).toBeGreaterThan(5)
    // Reads of one level may fall into two turns; they never grow with the rows.
    expect(await counted(30)).toBeLessThanOrEqual(few + 3)
  })

  test('the past answers with the same words', async () => {
    const whole = `{ application(id: "app-00002", at: { position: AT }) { ${applicationFields} } }`
    const atEnd = await data(whole.replace('AT', String(written)))
    expect(atEnd).toEqual(await data(whole.replace('at: { position: AT }', '').replace(', )', ')')))
    const { operation } = await data('{ operation(id: "sync/3") { operation startedAt } }')
    const { application } = await data(
      `query($time: DateTime) { application(id: "app-00002", at: { time: $time }) { ${applicationFields} } }`,
      {
        time: new Date(Date.parse(operation.startedAt) - 1).toISOString(),
      },
    )
    expect(application).toMatchObject({ synced: { operation: 'sync/1' }, lastOperation: { id: 'sync/1' }, operations: { totalCount: 1 } })
    expect((await data('{ application(id: "app-00002", at: { position: 3 }) { name } }')).application).toBeNull()
  })

  test('filters reach the read model', async () => {
    const names = async (filter: string) => {
      const { applications } = await data(`{ applications(first: 100, filter: ${filter}) { nodes { name } } }`)
      return applications.nodes.map((node: { name: string }) => node.name)
    }
    expect(await names('{ name: ["app-00003", "Application:app-00004"] }')).toEqual(['app-00003', 'app-00004'])
    expect(await names('{ health: [DEGRADED, MISSING] }')).toEqual([])
    expect(await names('{ labels: ["tier=edge", "team=team-0"] }')).toEqual(['app-00000', 'app-00021'])
    expect((await names('{ cluster: ["cluster-1"], sync: [SYNCED] }')).length).toBe(10)
  })

  test('what a running operation waits for is said in words', async () => {
    await hub.settle([started(6, 'sync/90')])
    const waiting = async () =>
      (await data('{ application(id: "app-00006") { operation { waitingFor awaitingConfirmation } } }')).application.operation
    expect(await waiting()).toEqual({ waitingFor: 'its plan', awaitingConfirmation: false })
    const prunes = [{ group: '', kind: 'ConfigMap', namespace: 'a', name: 'b' }]
    const key = { application: applicationName(6), operation: 'sync/90' }
    written = await hub.settle([on(6, ApplicationConfirmationAwaited.of({ ...key, prunes, budget: 0 }))])
    expect(await waiting()).toEqual({ waitingFor: "a person's confirmation to delete 1 object", awaitingConfirmation: true })
  })

  test('errors of the log have the one shape', async () => {
    const error = {
      code: 'RENDER_HELM' as const,
      message: 'values.yaml: no such key',
      retryable: false,
      next: 'correct it',
      where: { file: 'apps/values.yaml', line: 3 },
    }
    written = await hub.settle([on(8, ApplicationRenderFailed.of({ application: applicationName(8), revision, error }))])
    const { application } = await data('{ application(id: "app-00008") { sync renderError { code message next where { file line } } } }')
    expect(application).toEqual({
      sync: 'UNKNOWN',
      renderError: { code: 'RENDER_HELM', message: error.message, next: 'correct it', where: { file: 'apps/values.yaml', line: 3 } },
    })
  })
})

describe('clusters, resources, operations, events', () => {
  test('clusters roll up their applications', async () => {
    const { clusters } = await data(
      `{ clusters(filter: { freshness: [LIVE], labels: ["region=eu"] }) { totalCount nodes { name freshness revoked kubernetesVersion
         rollup { applications worstHealth bySync { value count } } } } }`,
    )
    expect(clusters.totalCount).toBe(2)
    expect(clusters.nodes[0]).toMatchObject({ name: 'cluster-0', freshness: 'LIVE', rollup: { applications: 10, worstHealth: 'HEALTHY' } })
  })

  test('resources and operations page with filters and facets', async () => {
    const { resources } = await data(
      `{ resources(first: 5, filter: { kind: ["Deployment"], cluster: ["cluster-0"] }, sort: { key: HEALTH, direction: DESC }) {
         totalCount nodes { application ref { kind } } facets { key values { value count } } } }`,
    )
    expect(resources).toMatchObject({ totalCount: 10 })
    const { operations } = await data(
      `{ operations(first: 2, filter: { phase: ["Succeeded"] }) { totalCount nodes { operation phase applications actor { name }
         parts(first: 2) { totalCount nodes { application outcome } pageInfo { endCursor } } } } }`,
    )
    expect(operations.totalCount).toBe(4)
    expect(operations.nodes[0]).toMatchObject({ operation: 'sync/4', applications: 15, parts: { totalCount: 15 } })
    const { operation } = await data(
      `query($after: String) { operation(id: "Operation:sync/4") { parts(first: 100, after: $after) { nodes { application } } } }`,
      { after: operations.nodes[0].parts.pageInfo.endCursor },
    )
    expect(operation.parts.nodes).toHaveLength(13)
  })

  test('events page both ways, with a line for a person', async () => {
    const { events } = await data(
      `{ events(first: 2, sort: { direction: DESC }, filter: { application: ["app-00001"], type: ["application.operation-finished"] }) {
         nodes { id position type summary actor { name } } pageInfo { hasNextPage endCursor } position asOf totalCount } }`,
    )
    expect(events.nodes.map((node: { summary: string }) => node.summary)[0]).toMatch(/^app-00001 Succeeded at [0-9a-f]{7} in 2.0 s$/)
    expect(events.pageInfo.hasNextPage).toBe(false)
    const { node } = await data('query($id: ID!) { node(id: $id) { __typename id ... on Event { type } } }', { id: events.nodes[0].id })
    expect(node).toEqual({ __typename: 'Event', id: events.nodes[0].id, type: 'application.operation-finished' })
  })

  test('a node is found by its global id, whatever it is', async () => {
    for (const id of ['Application:app-00001', 'Cluster:cluster-1', 'Operation:sync/1']) {
      expect((await data('query($id: ID!) { node(id: $id) { id } }', { id })).node).toEqual({ id })
    }
    for (const id of ['Application:none', 'Moon:1', 'x'])
      expect((await data('query($id: ID!) { node(id: $id) { id } }', { id })).node).toBeNull()
  })

  test('the server says where it stands', async () => {
    const { serverInfo } = await data('{ serverInfo { version epoch position lag } }')
    expect(serverInfo).toMatchObject({ version: '0.1.0', epoch: 1, lag: 0 })
  })
})

describe('changes', () => {
  const change = 'requests { application request } position userErrors { path code message next }'
  const syncDocument = `mutation($input: SyncInput!) { sync(input: $input) { ${change} } }`

  test('a sync is an event with who, why and which request, and nothing else', async () => {
    const input = {
      applications: ['app-00010', 'app-00011', 'nobody'],
      reason: 'release 7',
      prune: true,
      resources: [{ kind: 'ConfigMap', name: 'web' }],
    }
    const { sync } = await data(syncDocument, { input }, hub.token.operator)
    expect(sync.userErrors).toEqual([expect.objectContaining({ path: ['input', 'applications', '2'], code: 'APPLICATION_NOT_FOUND' })])
    expect(sync.requests.map((request: { application: string }) => request.application)).toEqual(['app-00010', 'app-00011'])
    const position = Number(sync.position)
    const [event] = await hub.ledger.read({ from: position - 2, to: position, limit: 1 })
    expect(event).toMatchObject({
      type: 'application.requested',
      actor: { kind: 'user', name: 'olga', authenticatedBy: 'token' },
      reason: 'release 7',
      data: { application: 'app-00010', request: sync.requests[0].request, action: 'sync', prune: true, dryRun: false },
    })
    expect(event!.trace).toMatch(/^[0-9a-f]{32}$/)
  })

  test('repeating a change with its idempotency key is the same change', async () => {
    const input = { applications: ['app-00012'], idempotencyKey: 'k-1' }
    const first = await data(syncDocument, { input })
    const head = await hub.ledger.head()
    expect(await data(syncDocument, { input })).toEqual(first)
    expect(await hub.ledger.head()).toBe(head)
    const other = await data(syncDocument, { input }, hub.token.operator)
    expect(other.sync.position).not.toBe(first.sync.position)
  })

  test('a position that a change has given can be read at once', async () => {
    const { refresh } = await data(`mutation { refresh(input: { applications: ["app-00013"], hard: true }) { ${change} } }`)
    const { application } = await data('query($at: At) { application(id: "app-00013", at: $at) { name } }', {
      at: { position: refresh.position },
    })
    expect(application.name).toBe('app-00013')
  })

  test('terminate and confirm name the operation, and refuse when there is none', async () => {
    const document = (verb: string) => `mutation($a: String!) { ${verb}(input: { application: $a, reason: "x" }) { ${change} } }`
    const { confirm } = await data(document('confirm'), { a: 'app-00006' })
    expect(confirm).toMatchObject({ requests: [{ application: 'app-00006', request: 'sync/90' }], userErrors: [] })
    const { terminate } = await data(document('terminate'), { a: 'app-00006' })
    expect(terminate.requests).toHaveLength(1)
    expect((await data(document('terminate'), { a: 'app-00001' })).terminate.userErrors).toMatchObject([{ code: 'OPERATION_NOT_FOUND' }])
    expect((await data(document('confirm'), { a: 'app-00001' })).confirm.userErrors).toMatchObject([
      { code: 'NOTHING_TO_CONFIRM', path: ['input', 'application'] },
    ])
  })

  test('a rollback is refused while automated sync would undo it', async () => {
    const { rollback } = await data(`mutation { rollback(input: { application: "app-00001", to: "sync/1" }) { ${change} } }`)
    expect(rollback.userErrors).toMatchObject([{ code: 'AUTO_SYNC_ON' }])
  })
})

describe('agents', () => {
  test('a diff asks the agent of the application about what Git wants', async () => {
    const ref = { group: 'apps', kind: 'Deployment', namespace: 'x', name: 'web' }
    reply = { outcome: 'diff', id: '1', objects: [{ ref, change: 'modify', fields: [{ path: '.spec.replicas', live: 1, desired: 2 }] }] }
    const { diff } = await data(
      '{ diff(application: "app-00001") { revision { subject } objects { ref { kind } change fields { path live desired } } } }',
    )
    expect(diff).toEqual({
      revision: { subject: 'Round 1: raise the image tag' },
      objects: [{ ref: { kind: 'Deployment' }, change: 'modify', fields: [{ path: '.spec.replicas', live: 1, desired: 2 }] }],
    })
    expect(commands.at(-1)).toMatchObject({ cluster: 'cluster-1', body: { type: 'diff', application: 'app-00001' } })
  })

  test('a live object is shown through the application that has it, and no other', async () => {
    reply = { outcome: 'object', id: '1', manifest: { kind: 'Deployment' } }
    const document = 'query($ref: ObjectRefInput!) { liveObject(application: "app-00001", ref: $ref) }'
    expect(await data(document, { ref: { group: 'apps', kind: 'Deployment', name: 'web' } })).toEqual({
      liveObject: { kind: 'Deployment' },
    })
    const asked = commands.length
    expect((await refused(document, { ref: { kind: 'Secret', namespace: 'kube-system', name: 'admin' } })).extensions.code).toBe(
      'NOT_FOUND',
    )
    expect(commands).toHaveLength(asked)
  })

  test('what an agent refuses is told as it says it', async () => {
    reply = {
      outcome: 'refused',
      id: '1',
      error: { code: 'AGENT_REFUSED', message: 'namespace x is not mine', retryable: false, next: 'look' },
    }
    expect((await refused('{ diff(application: "app-00001") { objects { change } } }')).extensions).toMatchObject({
      code: 'AGENT_REFUSED',
      next: 'look',
    })
  })
})

describe('what goes wrong inside', () => {
  test('an unexpected failure shows a trace id and nothing of itself', async () => {
    const broken = await startTestApi({
      send: async () => {
        throw new Error('password=hunter2')
      },
    })
    const answer = await hub.ask('{ diff(application: "app-00001") { objects { change } } }', {}, hub.token.admin, broken.url)
    expect(answer.errors).toMatchObject([{ extensions: { code: 'INTERNAL', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) } }])
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    await broken[Symbol.asyncDispose]()
  })

  test('a query that takes too long is cancelled, in Postgres too, and says so', async () => {
    const impatient = await startTestApi(undefined, 1)
    const answer = await hub.ask(`{ applications(first: 100) { nodes { ${applicationFields} } } }`, {}, hub.token.admin, impatient.url)
    expect(answer.errors).toMatchObject([{ message: 'the query took too long', extensions: { code: 'TIMEOUT' } }])
    await impatient[Symbol.asyncDispose]()
  })

  const startTestApi = (agents: AgentPort | undefined, queryTimeoutMs = 10_000) =>
    startApi(
      {
        ledger: hub.ledger,
        readModel: hub.readModel,
        tokens: hub.tokens,
        agents,
        epoch: () => 1,
        version: 'x',
        log: pino({ level: 'silent' }),
      },
      { queryTimeoutMs },
    )
})

describe('who may what', () => {
  test('without a valid token nothing is answered, and the attempt is a fact', async () => {
    for (const authorization of [undefined, 'Bearer x', 'Basic YTpi', `Bearer ${hub.token.admin} x`]) {
      const response = await fetch(hub.api.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: '{"query":"{ serverInfo { version } }"}',
      })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    }
    await expect.poll(() => denialsOf('anonymous')).toHaveLength(1)
  })

  test.each(['sync', 'refresh'])('a viewer may not %s', async (verb) => {
    const document = `mutation { ${verb}(input: { applications: ["app-00001"] }) { requests { request } userErrors { code } } }`
    const answer = await data(document, {}, hub.token.viewer)
    expect(answer[verb]).toEqual({ requests: [], userErrors: [{ code: 'FORBIDDEN' }] })
  })

  test.each(['rollback', 'terminate', 'confirm'])('a viewer may not %s', async (verb) => {
    const to = verb === 'rollback' ? ', to: "sync/1"' : ''
    const document = `mutation { ${verb}(input: { application: "app-00001"${to} }) { requests { request } userErrors { code } } }`
    expect((await data(document, {}, hub.token.viewer))[verb]).toEqual({ requests: [], userErrors: [{ code: 'FORBIDDEN' }] })
  })

  test('another project is as if it were not there: in lists, by id, in changes, events and operations', async () => {
    const sam = hub.token.shop
    const { applications, resources } = await data(
      '{ applications(first: 100) { totalCount nodes { project } } resources(first: 1) { totalCount } }',
      {},
      sam,
    )
    expect([applications.totalCount, resources.totalCount]).toEqual([10, 40])
    const own = 'app-00001'
    const other = 'app-00002'
    const byId = async (id: string) => (await data('query($id: String!) { application(id: $id) { name } }', { id }, sam)).application
    expect([await byId(own), await byId(other)]).toEqual([{ name: own }, null])
    expect((await data('query($id: ID!) { node(id: $id) { id } }', { id: `Application:${other}` }, sam)).node).toBeNull()
    const sync = async (name: string) =>
      (await data('mutation($a: [String!]!) { sync(input: { applications: $a }) { userErrors { code message } } }', { a: [name] }, sam))
        .sync
    expect(await sync(other)).toEqual({ userErrors: [{ code: 'APPLICATION_NOT_FOUND', message: `there is no application ${other}` }] })
    expect(await sync('nobody')).toEqual({ userErrors: [{ code: 'APPLICATION_NOT_FOUND', message: 'there is no application nobody' }] })
    const { events } = await data('{ events(first: 500) { nodes { data } } }', {}, sam)
    expect(events.nodes.length).toBeGreaterThan(0)
    for (const node of events.nodes) expect(Number(node.data.application.slice(4)) % 3).toBe(1)
    const { operations } = await data('{ operations(first: 5) { nodes { parts(first: 50) { nodes { application } } } } }', {}, sam)
    for (const { parts } of operations.nodes) for (const part of parts.nodes) expect(Number(part.application.slice(4)) % 3).toBe(1)
    expect((await refused('{ diff(application: "app-00002") { objects { change } } }', {}, sam)).extensions.code).toBe(
      'APPLICATION_NOT_FOUND',
    )
    expect(await denialsOf('sam')).toContainEqual(expect.objectContaining({ action: 'sync', object: `application/${other}` }))
  })
})

describe('limits', () => {
  const deep = `{ application(id: "a") { operations(first: 1) { nodes { steps { results { ref { ${'name '.repeat(3)} } } } } } } }`

  test.each([
    ['syntax', '{ applications('],
    ['an unknown field', '{ applications(first: 1) { nodes { passwords } } }'],
    ['too deep', `{ applications(first: 1) ${'{ ... on ApplicationConnection '.repeat(50)} { totalCount } ${'}'.repeat(50)} }`],
    ['too many aliases', `{ ${Array.from({ length: 1_000 }, (_, i) => `a${i}: serverInfo { version }`).join(' ')} }`],
    ['a cycle of fragments', 'query { ...a } fragment a on Query { ...b } fragment b on Query { ...a }'],
    ['too many rows', '{ applications(first: 500) { nodes { resources(first: 500) { totalCount } } } }'],
    ['a page too long', '{ applications(first: 10000) { totalCount } }'],
    ['a broken cursor', '{ applications(first: 1, after: "x") { totalCount } }'],
    ['a broken position', '{ applications(first: 1, at: { position: "-1" }) { totalCount } }'],
    ['a position of the future', '{ applications(first: 1, at: { position: 999999999 }) { totalCount } }'],
    ['two instants', '{ applications(first: 1, at: { position: 1, time: "2026-01-01T00:00:00Z" }) { totalCount } }'],
    ['a broken selector', '{ applications(first: 1, filter: { labels: ["a b"] }) { totalCount } }'],
  ])('%s is refused with a code and a next step', async (_, query) => {
    const error = await refused(query)
    expect(error.extensions).toMatchObject({ code: 'BAD_USER_INPUT', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(error.extensions.next).toBeTruthy()
    expect(error.message).not.toMatch(/did you mean/i)
  })

  test('rows asked for by variables are counted, too', async () => {
    const query = 'query($n: Int!) { applications(first: $n) { nodes { resources(first: $n) { totalCount } } } }'
    expect((await refused(query, { n: 500 })).message).toMatch(/rows/)
    expect((await hub.ask(query, { n: 5 })).errors).toBeUndefined()
  })

  test('strings of callers never become SQL', async () => {
    for (const text of ["'; DROP TABLE rm.head; --", '$1', '\u0000', '%_\\', '👻', '"']) {
      const answer = await hub.ask(
        `query($t: String!, $l: [String!]) { applications(first: 1, filter: { search: $t, project: $l, name: $l }) { totalCount }
           resources(first: 1, filter: { search: $t, kind: $l }) { totalCount } application(id: $t) { name } operation(id: $t) { kind } }`,
        { t: text, l: [text] },
      )
      for (const error of answer.errors ?? []) expect(error.message).not.toMatch(/syntax error|relation|column|invalid byte/i)
    }
    expect((await data('{ serverInfo { version } }')).serverInfo.version).toBe('0.1.0')
  })

  test('a good query under the limits is answered', async () => {
    expect((await hub.ask(deep)).errors).toBeUndefined()
  })

  test('bodies: too large, of another type, a batch, another method', async () => {
    const send = (body: string, headers: Record<string, string> = {}, method = 'POST') =>
      fetch(hub.api.url, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${hub.token.admin}`, ...headers },
        ...(method === 'POST' && { body }),
      }).then((response) => response.status)
    expect(await send(JSON.stringify({ query: `{ serverInfo { version } } #${'x'.repeat(1024 * 1024)}` }))).toBe(413)
    expect(await send('query={serverInfo{version}}', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(415)
    expect(await send('{"query":"{ serverInfo { version } }"}', { 'content-type': 'text/plain' })).toBe(415)
    expect(await send('[{"query":"{ serverInfo { version } }"}]')).toBe(400)
    expect(await send('', {}, 'GET')).toBe(405)
  })
})

describe('beside GraphQL', () => {
  test('health without a token, metrics with one that sees everything', async () => {
    const get = async (path: string, token?: string) => {
      const response = await fetch(new URL(path, hub.api.url), { headers: token ? { authorization: `Bearer ${token}` } : {} })
      return { status: response.status, text: await response.text() }
    }
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' })
    expect(await get('/readyz')).toEqual({ status: 200, text: 'ok\n' })
    expect((await get('/metrics')).status).toBe(401)
    expect((await get('/metrics', hub.token.shop)).status).toBe(403)
    const { text } = await get('/metrics', hub.token.viewer)
    expect(text).toMatch(/^fairlead_apps\{sync="Synced",health="Healthy"\} \d+$/m)
    expect(text).toMatch(/^fairlead_cluster_connected\{cluster="cluster-0"\} 1$/m)
    expect(text).toMatch(/^fairlead_projection_lag_events\{projection="fleet",version="\d+"\} \d+$/m)
    expect(text).toMatch(/^fairlead_graphql_request_seconds_count\{operation="anonymous",status="ok"\} \d+$/m)
    expect((await get('/nothing', hub.token.viewer)).status).toBe(404)
  })
})

async function denialsOf(principal: string): Promise<unknown[]> {
  const events = await hub.ledger.read({ stream: denialStream })
  return events.map((event) => event.data as { principal: string }).filter((denial) => denial.principal === principal)
}
