import { expect, test } from 'vitest'
import { type Ending, readResult, slowest, total } from './report.ts'

const passed = (name: string, duration = 1) => ({ fullName: name, status: 'passed', duration })
const failed = (name: string) => ({ fullName: name, status: 'failed', duration: 1 })
const file = (assertionResults: object[], status = 'passed', message = '') => ({ name: 'a.test.ts', status, message, assertionResults })

function ending(files: object[], change: Partial<Ending> = {}): Ending {
  return { json: JSON.stringify({ testResults: files }), code: 0, mayBeEmpty: false, ...change }
}

test.for<[name: string, ending: Ending, counts: [passed: number, failed: number], problem?: RegExp]>([
  ['passing tests', ending([file([passed('a'), passed('b')])]), [2, 0]],
  ['a failing test', ending([file([passed('a'), failed('b')], 'failed')], { code: 1 }), [1, 1]],
  ['a skipped test', ending([file([passed('a'), { fullName: 'b', status: 'skipped' }])]), [1, 0]],
  [
    'a file that does not load',
    ending([file([], 'failed', 'Cannot find module\n at x'), file([passed('a')])], { code: 1 }),
    [1, 1],
    /^a\.test\.ts: Cannot find module$/,
  ],
  ['a file that fails when it cleans up', ending([file([passed('a')], 'failed')], { code: 1 }), [1, 1], /failed outside of its tests/],
  ['a missed threshold', ending([file([passed('a')])], { code: 1 }), [1, 1], /every test passed, but it ended with code 1/],
  ['a run that a signal ended', ending([file([passed('a')])], { code: null }), [1, 1], /ended with a signal/],
  ['a crash before any report', { json: undefined, code: 134, mayBeEmpty: false }, [0, 1], /ended with code 134 and no report/],
  ['half a report', { json: '{"testResults": [', code: 1, mayBeEmpty: false }, [0, 1], /no report/],
  ['something else than a report', { json: '[]', code: 0, mayBeEmpty: false }, [0, 1], /no report/],
  ['no test at all', ending([]), [0, 1], /no test ran/],
  ['only skipped tests', ending([file([{ fullName: 'b', status: 'skipped' }])]), [0, 1], /no test ran/],
  ['no test that a filter matches', ending([], { mayBeEmpty: true }), [0, 0]],
])('%s', ([, end, [passedCount, failedCount], problem]) => {
  const result = readResult('unit', end)
  expect([result.passed, result.failed]).toEqual([passedCount, failedCount])
  expect(result.problems).toEqual(problem ? [expect.stringMatching(problem)] : [])
})

test('runs add up', () => {
  const sum = total([readResult('unit', ending([file([passed('a')])])), readResult('int', { json: undefined, code: 1, mayBeEmpty: false })])
  expect(sum).toMatchObject({ passed: 1, failed: 1, skipped: 0, problems: ['int: ended with code 1 and no report'] })
})

test('the slowest tests come first, with their file', () => {
  const { tests } = readResult('unit', ending([file([passed('quick', 1), passed('slow', 900), passed('middling', 30)])]))
  expect(slowest(tests, 2)).toEqual([
    { name: 'a.test.ts > slow', tookMs: 900 },
    { name: 'a.test.ts > middling', tookMs: 30 },
  ])
})
