import { expect, test } from 'vitest'
import { cpuSecondsOf, table } from './report.ts'

test('the table aligns its columns and ends with the ratios', () => {
  const text = table({
    cases: [
      { case: 'all', metric: 'wall', unit: 's', value: 1.2345 },
      { case: 'touch one', metric: 'renders', unit: '', value: 1000 },
    ],
    ratios: { touchOneVsAll: 0.0123 },
  })
  expect(text).toBe(
    [
      'case       metric   value  unit',
      'all        wall      1.23  s',
      'touch one  renders   1000',
      '',
      'ratios within this run',
      'touchOneVsAll  0.0123',
    ].join('\n'),
  )
})

test('the CPU time of a process grows with its work', () => {
  const before = cpuSecondsOf(process.pid)
  let sum = 0
  while (cpuSecondsOf(process.pid) === before) for (let i = 0; i < 1e6; i++) sum += i
  expect(sum).toBeGreaterThan(0)
  expect(cpuSecondsOf(2 ** 30)).toBe(0)
})
