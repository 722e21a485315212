import { expect, test } from 'vitest'
import { reportKinds } from '../report/report.ts'
import { assessControl } from './assess.ts'
import { controls, controlsOf } from './controls.ts'

const log = { state: 'log', note: 'folded' } as const
const none = { state: 'none', note: 'no source yet' } as const
const quiet = { rows: 3, against: 0, first: undefined }
const whole = { rows: 3, changes: 2, outOfBand: 1, holds: true }
const intact = { ok: true, events: 10 }
const tampered = {
  ok: false,
  events: 0,
  finding: { position: 7, problem: 'edited', message: 'the event at position 7 is not what was recorded' },
}

test.each([
  ['nothing speaks against it', log, quiet, whole, intact, 'satisfied', 'pass', 'none of 3'],
  ['a report that is no population', log, quiet, undefined, intact, 'satisfied', 'pass', 'none of 3'],
  [
    'a row speaks against it',
    log,
    { rows: 3, against: 2, first: 'overdue' },
    whole,
    intact,
    'not-satisfied',
    'fail',
    '2 of 3 speak against it; the first: overdue',
  ],
  ['a row is missing', log, quiet, { ...whole, changes: 3, holds: false }, intact, 'not-satisfied', 'fail', 'the log holds 3 changes'],
  ['the log was changed', log, quiet, whole, tampered, 'not-satisfied', 'fail', 'position 7'],
  ['the log was changed, nobody knows where', log, quiet, whole, { ok: false, events: 0 }, 'not-satisfied', 'fail', 'no finding'],
  ['nothing can be said', none, { ...quiet, rows: 0 }, undefined, intact, 'not-satisfied', 'other', 'no source yet'],
] as const)('%s', (_, origin, tally, completeness, verification, state, reason, remarks) => {
  expect(assessControl(origin, tally, completeness, verification)).toEqual({ state, reason, remarks: expect.stringContaining(remarks) })
})

test('every report is evidence for a control, and ids are tokens', () => {
  for (const kind of reportKinds) expect(controlsOf(kind), kind).not.toEqual([])
  for (const { id } of controls) expect(id).toMatch(/^[a-z_][a-z0-9._-]*$/)
  expect(new Set(controls.map(({ id }) => id)).size).toBe(controls.length)
})
