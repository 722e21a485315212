import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { defaultSyncLimits, type PlanSkeleton, type SettledStep, type SyncApplication } from './contract.ts'
import { advance, type Cursor, type CursorEvent, type CursorRules, startCursor, wakesAtMs } from './cursor.ts'

const rules: CursorRules = { limits: defaultSyncLimits, dryRun: false }
const application = (more: Partial<SyncApplication> = {}): SyncApplication => ({
  application: 'shop' as ApplicationId,
  cluster: 'east' as ClusterId,
  retry: { limit: 2, durationMs: 5_000, factor: 2, maxDurationMs: 60_000 },
  ...more,
})
const skeleton = (more: Partial<PlanSkeleton> = {}): PlanSkeleton => ({
  plan: 'a'.repeat(64) as Digest,
  steps: ['Sync 0', 'Sync 1'],
  failSteps: 0,
  needsConfirmation: false,
  applies: true,
  ...more,
})
const result = (step: number, outcome: SettledStep['outcome'] = 'succeeded', more: Partial<SettledStep> = {}): CursorEvent => ({
  type: 'settled',
  result: { application: 'shop' as ApplicationId, attempt: 1, step, fail: false, outcome, ...more },
})
const broken = { code: 'SYNC_APPLY_FAILED', message: 'no', retryable: true } as const
const planned = (more: Partial<PlanSkeleton> = {}): CursorEvent => ({ type: 'planned', skeleton: skeleton(more) })

/** Runs events, each at its own time. */
function run(events: readonly (CursorEvent | [atMs: number, event: CursorEvent])[], start = application(), under = rules): Cursor {
  return events.reduce<Cursor>((cursor, entry) => {
    const [atMs, event] = Array.isArray(entry) ? entry : [0, entry]
    return advance(cursor, event, under, atMs)
  }, startCursor(start))
}

const open: CursorEvent = { type: 'gate-opened' }
const sent: CursorEvent = { type: 'sent' }
const tick: CursorEvent = { type: 'tick' }
const [terminate, supersede, reconnected, confirmed] = (['terminate', 'supersede', 'reconnected', 'confirmed'] as const).map((type) => ({
  type,
}))

describe('a sync that goes well', () => {
  test('step after step to the end', () => {
    const begun = run([planned(), open])
    expect(begun.place).toEqual({ at: 'ready', step: 0, fail: false })
    expect(run([planned(), open, [1_000, sent]]).place).toEqual({ at: 'sent', step: 0, fail: false, sinceMs: 1_000, deadlineMs: 601_000 })
    expect(run([planned(), open, sent, result(0)]).place).toEqual({ at: 'ready', step: 1, fail: false })
    expect(run([planned(), open, sent, result(0), sent, result(1)]).place).toEqual({ at: 'over', outcome: 'Succeeded' })
  })

  test('a plan without steps is over when its gate opens, not before', () => {
    expect(run([planned({ steps: [] })]).place.at).toBe('gated')
    expect(run([planned({ steps: [] }), open]).place).toEqual({ at: 'over', outcome: 'Succeeded' })
  })

  test('a dry run is over after its first step', () => {
    const cursor = run([planned(), open, sent, result(0)], application(), { ...rules, dryRun: true })
    expect(cursor.place).toEqual({ at: 'over', outcome: 'Succeeded' })
  })

  test("an application's own timeout replaces the wave's deadline", () => {
    expect(run([planned(), open, sent], application({ timeoutMs: 5_000 })).place).toMatchObject({ deadlineMs: 5_000 })
  })
})

describe('signals repeat and cross', () => {
  test.each<[string, CursorEvent]>([
    ['a result of a step that is over', result(0)],
    ['a result of a step that was not sent', result(2)],
    ['a result of another attempt', result(1, 'succeeded', { attempt: 2 })],
    ['a result of a SyncFail step that does not run', result(1, 'succeeded', { fail: true })],
    ['a plan that comes twice', planned()],
    ['a gate that opens twice', open],
    ['a failed plan that comes late', { type: 'unplannable', failure: broken }],
    ['a blocker that comes late', { type: 'blocked', by: 'db', why: 'failed' }],
    ['an unsent of another step', { type: 'unsent', step: 0, attempt: 1 }],
    ['a refusal of another attempt', { type: 'refused', step: 1, attempt: 2, failure: broken }],
    ['a step that is sent twice', sent],
    ['a tick with nothing due', tick],
  ])('%s changes nothing', (_, event) => {
    const before = run([planned(), open, sent, result(0), sent])
    expect(advance(before, event, rules, 0)).toEqual(before)
  })

  test('nothing changes what is over', () => {
    const over = run([terminate!])
    for (const event of [planned(), open, sent, result(0), tick, supersede!, terminate!, reconnected!])
      expect(advance(over, event, rules, 0)).toBe(over)
  })

  test('a result that finds no plan changes nothing', () => {
    expect(run([result(0)])).toEqual(startCursor(application()))
  })

  test('a reconnected agent with nothing under way changes nothing', () => {
    expect(run([planned(), reconnected!]).place.at).toBe('gated')
  })
})

describe('failure and retry', () => {
  test('a failed step waits longer before each attempt, then gives up', () => {
    const failedOnce = run([planned(), open, sent, [10, result(0, 'failed', { failure: broken })]])
    expect(failedOnce.place).toEqual({ at: 'backoff', untilMs: 5_010 })
    expect(wakesAtMs(failedOnce, rules)).toBe(5_010)
    expect(advance(failedOnce, tick, rules, 5_009)).toEqual(failedOnce)
    const again = advance(failedOnce, tick, rules, 5_010)
    expect(again).toMatchObject({ place: { at: 'planning' }, attempt: 2, plan: undefined })
    const failAgain = (cursor: Cursor, attempt: number): Cursor =>
      [planned(), open, sent, result(0, 'failed', { attempt, failure: broken })].reduce(
        (at, event) => advance(at, event, rules, 6_000),
        cursor,
      )
    const failedTwice = failAgain(again, 2)
    expect(failedTwice.place).toEqual({ at: 'backoff', untilMs: 16_000 })
    const failedThrice = failAgain(advance(failedTwice, tick, rules, 16_000), 3)
    expect(failedThrice).toMatchObject({ place: { at: 'over', outcome: 'Failed' }, attempt: 3, failure: broken })
  })

  test('a refused manifest is not tried again', () => {
    const refused = run([
      planned(),
      open,
      sent,
      result(0, 'refused', { failure: { code: 'SYNC_REFUSED', message: 'immutable', retryable: false } }),
    ])
    expect(refused).toMatchObject({ place: { at: 'over', outcome: 'Failed' }, failure: { code: 'SYNC_REFUSED' } })
  })

  test('limit -1 tries for ever', () => {
    const forever = application({ retry: { limit: -1, durationMs: 1, factor: 1, maxDurationMs: 1 } })
    const cursor = { ...startCursor(forever), attempt: 1_000 }
    const failed = [planned(), open, sent, result(0, 'failed', { attempt: 1_000, failure: broken })].reduce(
      (at, event) => advance(at, event, rules, 0),
      cursor,
    )
    expect(failed.place).toEqual({ at: 'backoff', untilMs: 1 })
  })

  test('a failure without a reason still says what failed', () => {
    expect(run([planned(), open, sent, result(0, 'failed')]).failure).toMatchObject({ code: 'SYNC_APPLY_FAILED', message: 'step 0 failed' })
    expect(run([planned(), open, sent, result(0, 'refused')]).failure).toMatchObject({ code: 'SYNC_REFUSED', retryable: false })
  })

  test('what cannot be planned ends in Error, or is tried again', () => {
    const unplannable = (retryable: boolean) =>
      run([{ type: 'unplannable', failure: { code: 'BLOB_NOT_FOUND', message: 'gone', retryable } }])
    expect(unplannable(false).place).toEqual({ at: 'over', outcome: 'Error' })
    expect(unplannable(true).place.at).toBe('backoff')
  })

  test('SyncFail steps run after a failure that touched the cluster, then the failure counts', () => {
    const none = application({ retry: { limit: 0, durationMs: 1, factor: 1, maxDurationMs: 1 } })
    const upTo = (...events: CursorEvent[]) => run([planned({ failSteps: 2 }), open, sent, ...events], none)
    const failing = result(0, 'failed', { failure: broken })
    expect(upTo(failing).place).toEqual({ at: 'ready', step: 0, fail: true })
    const first = result(0, 'succeeded', { fail: true })
    expect(upTo(failing, sent, first).place).toEqual({ at: 'ready', step: 1, fail: true })
    expect(upTo(failing, sent, first, sent, result(1, 'succeeded', { fail: true }))).toMatchObject({
      place: { at: 'over', outcome: 'Failed' },
      failure: broken,
    })
    expect(upTo(failing, sent, result(0, 'failed', { fail: true }))).toMatchObject({
      place: { at: 'over', outcome: 'Failed' },
      failure: broken,
    })
    expect(upTo(result(0, 'refused', { failure: broken })).place).toEqual({ at: 'over', outcome: 'Failed' })
  })

  test('a silent agent fails the wave after its deadline and the grace', () => {
    const waiting = run([planned(), open, sent])
    expect(wakesAtMs(waiting, rules)).toBe(630_000)
    expect(advance(waiting, tick, rules, 629_999)).toEqual(waiting)
    expect(advance(waiting, tick, rules, 630_000)).toMatchObject({
      place: { at: 'backoff' },
      failure: { code: 'SYNC_WAVE_TIMEOUT', retryable: true },
    })
  })

  test('a silent agent does not hold the end of a SyncFail phase', () => {
    const events: CursorEvent[] = [
      planned({ failSteps: 1 }),
      open,
      sent,
      result(0, 'failed', { failure: { ...broken, retryable: false } }),
      sent,
    ]
    expect(run([...events, [700_000, tick]])).toMatchObject({
      place: { at: 'over', outcome: 'Failed' },
      failure: { code: 'SYNC_APPLY_FAILED' },
    })
  })
})

describe('the agent', () => {
  test('that cannot be reached gets the same step later', () => {
    const unsent = run([planned(), open, sent, { type: 'unsent', step: 0, attempt: 1 }])
    expect(unsent.place).toEqual({ at: 'ready', step: 0, fail: false })
    const events: CursorEvent[] = [
      planned({ failSteps: 1 }),
      open,
      sent,
      result(0, 'failed', { failure: broken }),
      sent,
      { type: 'unsent', step: 0, attempt: 1 },
    ]
    expect(run(events).place).toEqual({ at: 'ready', step: 0, fail: true })
  })

  test('that refuses the command fails the attempt', () => {
    const refused: CursorEvent = {
      type: 'refused',
      step: 0,
      attempt: 1,
      failure: { code: 'AGENT_REFUSED', message: 'not allowed', retryable: false },
    }
    expect(run([planned(), open, sent, refused])).toMatchObject({
      place: { at: 'over', outcome: 'Failed' },
      failure: { code: 'AGENT_REFUSED' },
    })
  })

  test('that is back gets its step again, and a result that was on its way still counts', () => {
    const again = run([planned(), open, sent, reconnected!])
    expect(again.place).toEqual({ at: 'ready', step: 0, fail: false })
    expect(advance(again, result(0), rules, 0).place).toEqual({ at: 'ready', step: 1, fail: false })
  })

  test('that was told to stop ends the application', () => {
    expect(run([planned(), open, sent, result(0, 'terminated')])).toMatchObject({
      place: { outcome: 'Terminated' },
      failure: { code: 'OPERATION_TERMINATED' },
    })
  })
})

describe('people', () => {
  test('confirm before anything is done', () => {
    const waiting = run([planned({ needsConfirmation: true }), open])
    expect(waiting.place.at).toBe('confirmation')
    expect(wakesAtMs(waiting, rules)).toBeUndefined()
    expect(advance(waiting, confirmed!, rules, 0)).toMatchObject({ place: { at: 'ready', step: 0 }, confirmed: true })
  })

  test('a confirmation that comes before the wait is remembered', () => {
    expect(run([confirmed!, planned({ needsConfirmation: true }), open]).place.at).toBe('ready')
  })

  test('a dry run needs no confirmation', () => {
    expect(run([planned({ needsConfirmation: true }), open], application(), { ...rules, dryRun: true }).place.at).toBe('ready')
  })

  test('terminate at any place', () => {
    for (const events of [[], [planned()], [planned(), open, sent]]) {
      expect(run([...events, terminate!])).toMatchObject({ place: { outcome: 'Terminated' }, failure: { code: 'OPERATION_TERMINATED' } })
    }
  })
})

describe('a newer commit', () => {
  const gaveWay = { place: { at: 'over', outcome: 'Terminated' }, failure: { code: 'OPERATION_SUPERSEDED' } }

  test.each<[string, CursorEvent[]]>([
    ['waiting for its plan', []],
    ['waiting at its gate', [planned()]],
    ['waiting for a person', [planned({ needsConfirmation: true }), open]],
    ['waiting for its agent', [planned(), open]],
    ['waiting for its next attempt', [planned(), open, sent, result(0, 'failed', { failure: broken })]],
  ])('takes over at once when the old one is %s', (_, events) => {
    expect(run([...events, supersede!])).toMatchObject(gaveWay)
  })

  test('lets a wave that has just begun end, and takes over before the next', () => {
    const asked = run([planned(), open, sent, [9_999, supersede!]])
    expect(asked.place.at).toBe('sent')
    expect(advance(asked, result(0), rules, 9_999)).toMatchObject(gaveWay)
    expect(advance(asked, result(0, 'failed', { failure: broken }), rules, 9_999)).toMatchObject(gaveWay)
  })

  test('lets the last wave succeed', () => {
    expect(run([planned({ steps: ['Sync 0'] }), open, sent, supersede!, result(0)]).place).toEqual({ at: 'over', outcome: 'Succeeded' })
  })

  test('takes over from a wave that hangs', () => {
    const hanging = run([planned(), open, sent, supersede!])
    expect(wakesAtMs(hanging, rules)).toBe(10_000)
    expect(advance(hanging, tick, rules, 10_000)).toMatchObject(gaveWay)
    expect(run([planned(), open, sent, [10_000, supersede!]])).toMatchObject(gaveWay)
  })
})

describe('gates', () => {
  test('a blocker is named', () => {
    const blocked = run([planned(), { type: 'blocked', by: 'database', why: 'failed: no space' }])
    expect(blocked).toMatchObject({
      place: { outcome: 'Failed' },
      failure: { code: 'SYNC_BLOCKED', message: expect.stringContaining('database, which failed: no space') },
    })
  })
})

describe('an operation that goes on from the ledger', () => {
  const resumed = (settled: NonNullable<SyncApplication['resume']>['settled'], more: Partial<PlanSkeleton> = {}) =>
    run([planned(more), open], application({ resume: { attempt: 2, plan: 'a'.repeat(64) as Digest, confirmed: true, settled } }))

  test('begins at the first step that has not settled', () => {
    expect(resumed([]).place).toEqual({ at: 'ready', step: 0, fail: false })
    expect(resumed([{ step: 0, fail: false, outcome: 'succeeded' }])).toMatchObject({
      attempt: 2,
      place: { at: 'ready', step: 1, fail: false },
    })
  })

  test('is over when the ledger shows the last step', () => {
    const both = [0, 1].map((step) => ({ step, fail: false, outcome: 'succeeded' as const }))
    expect(resumed(both).place).toEqual({ at: 'over', outcome: 'Succeeded' })
  })

  test('goes on in the SyncFail phase', () => {
    expect(resumed([{ step: 0, fail: false, outcome: 'failed' }], { failSteps: 1 }).place).toEqual({ at: 'ready', step: 0, fail: true })
  })

  test('does not ask for a confirmation that was given', () => {
    expect(resumed([], { needsConfirmation: true }).place.at).toBe('ready')
  })

  test('forgets the results of the attempt when the next one begins', () => {
    const failed = resumed([{ step: 0, fail: false, outcome: 'failed' }])
    const next = [tick, planned(), open].reduce((at, event) => advance(at, event, rules, 100_000), failed)
    expect(next).toMatchObject({ attempt: 3, place: { at: 'ready', step: 0 } })
  })
})
