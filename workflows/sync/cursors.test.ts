import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { defaultSyncLimits, type PlanSkeleton, type SettledStep, type SyncApplication, type SyncInput } from './contract.ts'
import { Cursors } from './cursors.ts'

const id = (text: string) => text as ApplicationId
const east = 'east' as ClusterId
const west = 'west' as ClusterId
const retry = { limit: 0, durationMs: 1_000, factor: 2, maxDurationMs: 60_000 }
const skeleton: PlanSkeleton = {
  plan: 'a'.repeat(64) as Digest,
  steps: ['Sync 0', 'Sync 1'],
  failSteps: 0,
  needsConfirmation: false,
  applies: true,
}

function input(
  applications: readonly (Partial<Omit<SyncApplication, 'application'>> & { application: string })[],
  more: Partial<SyncInput> = {},
): SyncInput {
  return {
    operation: 'sync/1',
    kind: 'sync',
    dryRun: false,
    startedAtMs: 0,
    brief: 'b'.repeat(64) as Digest,
    position: 7,
    applications: applications.map((entry) => ({ cluster: east, retry, ...entry, application: id(entry.application) })),
    before: { succeeded: 0, failed: 0, terminated: 0 },
    limits: defaultSyncLimits,
    ...more,
  }
}

const settled = (application: string, step: number, outcome: SettledStep['outcome'] = 'succeeded'): SettledStep => ({
  application: id(application),
  attempt: 1,
  step,
  fail: false,
  outcome,
})

/** Cursors whose plans are made. */
function plannedCursors(of: SyncInput, plan: Partial<PlanSkeleton> = {}): Cursors {
  const cursors = new Cursors(of)
  cursors.planned(
    (cursors.toPlan()?.applications ?? []).map(({ application }) => ({
      application,
      outcome: 'planned',
      skeleton: { ...skeleton, ...plan },
    })),
    0,
  )
  return cursors
}

const sentSteps = (cursors: Cursors, nowMs = 0) =>
  cursors.takeReady(nowMs).flatMap(({ cluster, steps }) => steps.map(({ application, step }) => `${cluster}/${application}/${step}`))

describe('what is ready', () => {
  test('travels together, one request for each cluster', () => {
    const cursors = plannedCursors(input([{ application: 'a' }, { application: 'b', cluster: west }, { application: 'c' }]))
    expect(cursors.takeReady(0).map(({ cluster, steps }) => [cluster, steps.map(({ application }) => application)])).toEqual([
      ['east', ['a', 'c']],
      ['west', ['b']],
    ])
    expect(cursors.takeReady(0)).toEqual([])
  })

  test('only the first step dry-runs the whole plan', () => {
    const cursors = plannedCursors(input([{ application: 'a' }]))
    expect(cursors.takeReady(5)[0]?.steps[0]).toMatchObject({ dryRun: 'all', deadlineMs: 600_005, confirmed: true })
    cursors.settled([settled('a', 0)], 6)
    expect(cursors.takeReady(6)[0]?.steps[0]).toMatchObject({ step: 1, dryRun: 'none' })
  })

  test('a plan of prunes alone has nothing to dry-run; a dry run does nothing else', () => {
    expect(plannedCursors(input([{ application: 'a' }]), { applies: false }).takeReady(0)[0]?.steps[0]?.dryRun).toBe('none')
    expect(plannedCursors(input([{ application: 'a' }], { dryRun: true })).takeReady(0)[0]?.steps[0]?.dryRun).toBe('only')
  })

  test('an application that fails or is slow delays no other', () => {
    const cursors = plannedCursors(input([{ application: 'slow' }, { application: 'broken' }, { application: 'good' }]))
    cursors.takeReady(0)
    cursors.settled([settled('broken', 0, 'failed'), settled('good', 0)], 10)
    expect(sentSteps(cursors, 10)).toEqual(['east/good/1'])
    cursors.settled([settled('good', 1)], 20)
    expect(cursors.toFinish(20)?.applications.map(({ application, outcome }) => [application, outcome])).toEqual([
      ['broken', 'Failed'],
      ['good', 'Succeeded'],
    ])
  })
})

describe('gates', () => {
  const waves = input([
    { application: 'dev', gate: { group: 0, wave: 1 } },
    { application: 'staging', gate: { group: 0, wave: 2 } },
    { application: 'production', gate: { group: 0, wave: 3 } },
    { application: 'other', gate: { group: 1, wave: 9 } },
    { application: 'free' },
  ])
  const finishStep = (cursors: Cursors, application: string, outcome: SettledStep['outcome'] = 'succeeded') =>
    cursors.settled([settled(application, 0, outcome)], 0)

  test('a higher wave begins when all lower ones have succeeded; others do not wait', () => {
    const cursors = plannedCursors(waves, { steps: ['Sync 0'] })
    expect(sentSteps(cursors)).toEqual(['east/dev/0', 'east/other/0', 'east/free/0'])
    finishStep(cursors, 'dev')
    expect(sentSteps(cursors)).toEqual(['east/staging/0'])
    finishStep(cursors, 'staging')
    expect(sentSteps(cursors)).toEqual(['east/production/0'])
  })

  test('the last wave waits for health only where others wait', () => {
    const asked = new Cursors(waves).toPlan()?.applications.map(({ application, waitLast }) => [application, waitLast])
    expect(asked).toEqual([
      ['dev', true],
      ['staging', true],
      ['production', false],
      ['other', false],
      ['free', false],
    ])
  })

  test('a failed one blocks all above it, by name', () => {
    const cursors = plannedCursors(waves, { steps: ['Sync 0'] })
    cursors.takeReady(0)
    cursors.settled([{ ...settled('dev', 0, 'failed'), failure: { code: 'SYNC_DEGRADED', message: 'it crashes', retryable: false } }], 0)
    cursors.tick(0)
    const over = cursors.toFinish(0)?.applications.map(({ application, failure }) => [application, failure?.code, failure?.message])
    expect(over).toEqual([
      ['dev', 'SYNC_DEGRADED', 'it crashes'],
      ['staging', 'SYNC_BLOCKED', 'not started: it waits for dev, which failed: it crashes'],
      ['production', 'SYNC_BLOCKED', expect.stringContaining('dev, which failed')],
    ])
  })

  test('a stopped one blocks too', () => {
    const cursors = plannedCursors(waves)
    cursors.takeReady(0)
    cursors.terminate([id('dev')], 0)
    cursors.tick(0)
    expect(cursors.progress().applications[1]).toMatchObject({
      at: 'over',
      failure: { message: 'not started: it waits for dev, which was stopped' },
    })
  })

  test('dependsOn waits across groups', () => {
    const cursors = plannedCursors(input([{ application: 'web', dependsOn: [id('db')] }, { application: 'db' }]), { steps: ['Sync 0'] })
    expect(sentSteps(cursors)).toEqual(['east/db/0'])
    finishStep(cursors, 'db')
    expect(sentSteps(cursors)).toEqual(['east/web/0'])
  })
})

describe('an agent that cannot be reached', () => {
  const both = input([{ application: 'a' }, { application: 'b', cluster: west }], {
    limits: { ...defaultSyncLimits, silentRetryMs: 5_000 },
  })

  test('is tried again with growing waits while the other clusters go on', () => {
    const cursors = plannedCursors(both)
    const [first] = cursors.takeReady(0)
    cursors.dispatched(first!, { outcome: 'unreachable' }, 0)
    expect(cursors.wakesAtMs()).toBe(2_000)
    expect(sentSteps(cursors, 1_999)).toEqual([])
    const [second] = cursors.takeReady(2_000)
    cursors.dispatched(second!, { outcome: 'unreachable' }, 2_000)
    expect(cursors.wakesAtMs()).toBe(6_000)
    const [third] = cursors.takeReady(6_000)
    cursors.dispatched(third!, { outcome: 'unreachable' }, 6_000)
    expect(cursors.wakesAtMs()).toBe(11_000)
    cursors.settled([settled('b', 0)], 6_000)
    expect(sentSteps(cursors, 6_000)).toEqual(['west/b/1'])
  })

  test('is served at once when it is back', () => {
    const cursors = plannedCursors(both)
    const [first] = cursors.takeReady(0)
    cursors.dispatched(first!, { outcome: 'unreachable' }, 0)
    cursors.reconnected([east], 500)
    expect(sentSteps(cursors, 500)).toEqual(['east/a/0'])
  })

  test('and comes back in the middle of a wave gets the step again', () => {
    const cursors = plannedCursors(both)
    const [first] = cursors.takeReady(0)
    cursors.dispatched(first!, { outcome: 'accepted' }, 0)
    cursors.reconnected([east], 500)
    expect(sentSteps(cursors, 500)).toEqual(['east/a/0'])
  })

  test('keeps the operation open until it was told the end, or for the farewell time', () => {
    const cursors = plannedCursors(both, { steps: ['Sync 0'] })
    cursors.takeReady(0)
    cursors.settled([settled('a', 0), settled('b', 0)], 10)
    const request = cursors.toFinish(10)!
    expect(request.total).toEqual({ succeeded: 2, failed: 0, terminated: 0 })
    cursors.finished(request, [east], 10)
    expect(cursors.isOver(10)).toBe(false)
    expect(cursors.toFinish(11)).toBeUndefined()
    expect(cursors.wakesAtMs()).toBe(2_010)
    const again = cursors.toFinish(2_010)!
    expect(again).toMatchObject({ applications: [], untold: [{ application: 'a' }] })
    expect(again.total).toBeUndefined()
    cursors.finished(again, [], 2_010)
    expect(cursors.isOver(2_010)).toBe(true)
  })

  test('does not keep it open for ever', () => {
    const cursors = plannedCursors(both, { steps: ['Sync 0'] })
    cursors.takeReady(0)
    cursors.settled([settled('a', 0), settled('b', 0)], 10)
    cursors.finished(cursors.toFinish(10)!, [east], 10)
    expect(cursors.isOver(600_010)).toBe(true)
  })

  test('that refuses fails what was sent', () => {
    const cursors = plannedCursors(both)
    const [first] = cursors.takeReady(0)
    cursors.dispatched(first!, { outcome: 'refused', failure: { code: 'AGENT_REFUSED', message: 'kind not allowed', retryable: false } }, 0)
    expect(cursors.toFinish(0)?.applications).toMatchObject([{ application: 'a', outcome: 'Failed', failure: { code: 'AGENT_REFUSED' } }])
  })
})

describe('silence', () => {
  const lookUp = { settled: [], confirmed: [], terminate: [] }
  const quick = { limits: { ...defaultSyncLimits, lookUpMs: 100 } }

  test('is answered by looking into the ledger, less and less often', () => {
    const cursors = plannedCursors(input([{ application: 'a' }], quick))
    expect(cursors.toLookUp(1_000)).toBeUndefined()
    cursors.takeReady(0)
    expect(cursors.wakesAtMs()).toBe(100)
    expect(cursors.toLookUp(99)).toBeUndefined()
    expect(cursors.toLookUp(100)).toEqual({ operation: 'sync/1', position: 7, applications: ['a'] })
    const waits: number[] = []
    for (let nowMs = 100; waits.length < 6; ) {
      cursors.lookedUp(lookUp, nowMs)
      const next = cursors.wakesAtMs() as number
      waits.push(next - nowMs)
      nowMs = next
    }
    expect(waits).toEqual([200, 400, 800, 1_000, 1_000, 1_000])
  })

  test('is over when a result comes', () => {
    const cursors = plannedCursors(input([{ application: 'a' }, { application: 'b' }], quick))
    cursors.takeReady(0)
    cursors.lookedUp(lookUp, 100)
    cursors.settled([settled('b', 0)], 150)
    expect(cursors.wakesAtMs()).toBe(250)
  })

  test('what is found there counts like a signal', () => {
    const cursors = plannedCursors(input([{ application: 'a' }, { application: 'b' }, { application: 'c' }], quick), {
      needsConfirmation: true,
    })
    cursors.takeReady(0)
    expect(cursors.toLookUp(100)?.applications).toEqual(['a', 'b', 'c'])
    cursors.lookedUp({ ...lookUp, confirmed: [id('a')], terminate: [id('b')] }, 100)
    expect(sentSteps(cursors, 100)).toEqual(['east/a/0'])
    cursors.lookedUp({ ...lookUp, settled: [settled('a', 0)] }, 200)
    expect(cursors.progress().applications.map(({ at }) => at)).toEqual(['ready', 'over', 'confirmation'])
  })

  test('is not listened to when nobody waits for a word', () => {
    const cursors = plannedCursors(input([{ application: 'a' }], quick), { steps: ['Sync 0'] })
    cursors.takeReady(0)
    cursors.settled([settled('a', 0, 'failed')], 50)
    expect(cursors.toLookUp(1_000)).toBeUndefined()
  })
})

describe('the end', () => {
  test('counts what was over before, and every outcome', () => {
    const cursors = plannedCursors(
      input([{ application: 'a' }, { application: 'b' }], { before: { succeeded: 1, failed: 2, terminated: 3 } }),
      { steps: [] },
    )
    cursors.terminate([id('b')], 0)
    cursors.tick(0)
    expect(cursors.total()).toEqual({ succeeded: 2, failed: 2, terminated: 4 })
  })

  test('terminate without names ends everything', () => {
    const cursors = plannedCursors(input([{ application: 'a' }, { application: 'b' }]))
    cursors.terminate(undefined, 0)
    expect(cursors.toFinish(0)?.applications.map(({ outcome }) => outcome)).toEqual(['Terminated', 'Terminated'])
  })

  test('an application that no agent has heard of needs no farewell', () => {
    const cursors = plannedCursors(input([{ application: 'a' }]))
    cursors.terminate(undefined, 0)
    expect(cursors.toFinish(0)?.applications[0]).toMatchObject({ dispatched: false })
  })

  test('a signal for an application of another operation is ignored', () => {
    const cursors = plannedCursors(input([{ application: 'a' }]))
    cursors.supersede([id('stranger')], 0)
    cursors.confirmed([id('stranger')], 0)
    expect(cursors.progress().applications).toMatchObject([{ application: 'a', at: 'gated' }])
  })
})

test('an operation that cannot be planned says why', () => {
  const cursors = new Cursors(input([{ application: 'a' }]))
  cursors.planned([{ application: id('a'), outcome: 'refused', failure: { code: 'BLOB_NOT_FOUND', message: 'gone', retryable: false } }], 0)
  expect(cursors.progress().applications).toEqual([
    { application: 'a', attempt: 1, at: 'over', failure: { code: 'BLOB_NOT_FOUND', message: 'gone', retryable: false } },
  ])
})

test('a successor goes on exactly where the workflow was', () => {
  const cursors = plannedCursors(
    input([{ application: 'a' }, { application: 'b', cluster: west }, { application: 'c', gate: { group: 0, wave: 1 } }]),
  )
  const [toEast] = cursors.takeReady(0)
  cursors.dispatched(toEast!, { outcome: 'unreachable' }, 0)
  cursors.settled([settled('b', 0, 'failed')], 0)
  cursors.terminate([id('c')], 0)
  cursors.finished(cursors.toFinish(0)!, [], 0)
  const successor = new Cursors(JSON.parse(JSON.stringify(cursors.carry())) as SyncInput)
  expect(successor.progress()).toEqual(cursors.progress())
  expect(successor.wakesAtMs()).toBe(cursors.wakesAtMs())
  expect(successor.toFinish(0)).toEqual(cursors.toFinish(0))
  expect(sentSteps(successor, 2_000)).toEqual(['east/a/0'])
})

test('a resumed operation names the plan that the ledger has', () => {
  const plan = 'c'.repeat(64) as Digest
  const cursors = new Cursors(input([{ application: 'a', resume: { attempt: 2, plan, confirmed: false, settled: [] } }]))
  expect(cursors.toPlan()?.applications).toEqual([{ application: 'a', attempt: 2, plan, waitLast: false }])
  expect(cursors.progress().applications[0]).toMatchObject({ at: 'planning', attempt: 2 })
})

test('progress names the step by phase and wave', () => {
  const cursors = plannedCursors(input([{ application: 'a' }]), { failSteps: 1 })
  cursors.takeReady(0)
  expect(cursors.progress().applications[0]?.step).toBe('Sync 0')
  cursors.settled([settled('a', 0, 'failed')], 0)
  expect(cursors.progress().applications[0]?.step).toBe('SyncFail 0')
})
