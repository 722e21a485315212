import { describe, expect, test } from 'vitest'
import { assessDuties, assessReview, classify, references } from './assess.ts'
import type { Who } from './row.ts'

const who = (name: string, onBehalfOf: string | null = null): Who => ({ kind: 'user', name, authenticatedBy: 'token', onBehalfOf })
const asked = { cause: 'request', force: false, reason: null, suspended: false } as const

describe('class of a change', () => {
  test.each([
    ['what Git declares and nobody asked for', { ...asked, cause: 'automated' }, 'standard', []],
    ['what left Git', { ...asked, cause: 'removal' }, 'standard', []],
    ['forced, but by no request', { ...asked, cause: 'automated', force: true }, 'standard', []],
    ['what someone asked for', asked, 'normal', []],
    ['a plain reason', { ...asked, reason: 'OPS-12 weekly' }, 'normal', []],
    ['a word that only contains one', { ...asked, reason: 'incidental clean-up' }, 'normal', []],
    ['forced', { ...asked, force: true }, 'emergency', ['forced']],
    ['called an emergency', { ...asked, reason: 'Emergency: checkout is down' }, 'emergency', ['stated']],
    ['break-glass', { ...asked, reason: 'using break glass' }, 'emergency', ['stated']],
    ['a hotfix', { ...asked, reason: 'hotfix for OPS-9' }, 'emergency', ['stated']],
    ['a severity', { ...asked, reason: 'SEV1' }, 'emergency', ['stated']],
    ['while automated sync is suspended', { ...asked, suspended: true }, 'emergency', ['automation-suspended']],
    [
      'all of it',
      { cause: 'request', force: true, reason: 'outage', suspended: true },
      'emergency',
      ['forced', 'stated', 'automation-suspended'],
    ],
    ['what no operation explains', { ...asked, cause: 'outside', force: true, suspended: true }, 'out-of-band', []],
  ] as const)('%s', (_, circumstances, expected, signs) => {
    expect(classify(circumstances)).toEqual({ class: expected, signs })
  })
})

describe('separation of duties', () => {
  test.each([
    ['nobody but Git asked', null, [], false, 'not-known', null],
    ['nobody but Git asked, someone approved: the author may be the same', null, [who('ben')], true, 'not-known', null],
    ['asked for what Git declares', who('ana'), [], true, 'not-known', null],
    ['asked for something else, alone', who('ana'), [], false, 'single-person', 'ana'],
    ['a service asked for someone, alone', who('ci', 'ana'), [], false, 'single-person', 'ana'],
    ['someone else approved', who('ana'), [who('ben')], false, 'separated', null],
    ['approved one’s own request', who('ana'), [who('ana')], true, 'same-person', 'ana'],
    ['one of the approvers asked', who('ana'), [who('ben'), who('ana')], true, 'same-person', 'ana'],
    ['approved through a service what one asked for', who('ana'), [who('ci', 'ana')], true, 'same-person', 'ana'],
    ['asked through a service what one approved', who('ci', 'ana'), [who('ana')], true, 'same-person', 'ana'],
    ['the same service on both sides', who('ci', 'ana'), [who('ci', 'ben')], true, 'same-person', 'ci'],
  ] as const)('%s', (_, requester, approvers, declared, result, person) => {
    expect(assessDuties({ requester, approvers, declared })).toMatchObject({ result, person })
  })
})

describe('review after the fact', () => {
  const rule = { withinMs: 48 * 3_600_000 }
  const ended = '2026-01-05T08:00:00.000Z'
  const review = (by: string, decision: 'accepted' | 'rejected' = 'accepted') => ({
    decision,
    at: '2026-01-06T08:00:00.000Z',
    by: who(by),
    reason: 'seen',
  })
  const change = { class: 'emergency', finishedAt: ended, requester: who('ana'), reviews: [] } as const

  test.each([
    ['an ordinary change needs none', { ...change, class: 'normal' }, '2026-02-01T00:00:00.000Z', 'none-needed', null],
    ['one that runs needs none yet', { ...change, finishedAt: null }, '2026-02-01T00:00:00.000Z', 'none-needed', null],
    ['is due', change, '2026-01-05T20:00:00.000Z', 'due', 12],
    ['is due to the last moment', change, '2026-01-07T08:00:00.000Z', 'due', 48],
    ['is overdue after it', change, '2026-01-07T08:00:00.001Z', 'overdue', 48],
    ['is accepted', { ...change, reviews: [review('ben')] }, '2026-02-01T00:00:00.000Z', 'accepted', 24],
    ['is rejected', { ...change, reviews: [review('ben', 'rejected')] }, '2026-02-01T00:00:00.000Z', 'rejected', 24],
    [
      'the last one counts',
      { ...change, reviews: [review('ben', 'rejected'), review('cleo')] },
      '2026-02-01T00:00:00.000Z',
      'accepted',
      24,
    ],
    ['one’s own does not count', { ...change, reviews: [review('ana')] }, '2026-02-01T00:00:00.000Z', 'overdue', 640],
    [
      'one’s own does not hide another’s',
      { ...change, reviews: [review('ben'), review('ana')] },
      '2026-02-01T00:00:00.000Z',
      'accepted',
      24,
    ],
    [
      'nobody asked: anybody may review',
      { ...change, requester: null, reviews: [review('ana')] },
      '2026-02-01T00:00:00.000Z',
      'accepted',
      24,
    ],
    ['of a change that runs', { ...change, finishedAt: null, reviews: [review('ben')] }, '2026-02-01T00:00:00.000Z', 'accepted', null],
  ] as const)('%s', (_, given, asOf, state, ageHours) => {
    expect(assessReview(given, asOf, rule)).toMatchObject({ state, ageHours })
  })

  test('says when it was due, who looked and why', () => {
    expect(assessReview({ ...change, reviews: [review('ben')] }, ended, rule)).toEqual({
      ...{ state: 'accepted', dueAt: '2026-01-07T08:00:00.000Z', ageHours: 24, at: '2026-01-06T08:00:00.000Z', by: 'ben', reason: 'seen' },
    })
    expect(assessReview({ ...change, class: 'out-of-band', reviews: [review('ben')] }, ended, rule)).toMatchObject({
      state: 'accepted',
      dueAt: null,
    })
  })
})

test.each([
  [null, null, null, null],
  ['OPS-12: weekly', 'Fix it (#7)', 'OPS-12', '#7'],
  ['weekly', 'PAY-3 Fix it', 'PAY-3', null],
  ['weekly', 'Merge pull request #99 from shop/fix', null, '#99'],
  ['keep UTF-8', 'about (#7) that', null, null],
])('references of %j and %j', (reason, subject, ticket, pullRequest) => {
  expect(references(reason, subject)).toEqual({ ticket, pullRequest })
})
