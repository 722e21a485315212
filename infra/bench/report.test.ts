import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { cpuSecondsOfTree, table } from './report.ts'

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

test('the CPU time of a process counts its descendants and its ended children', async () => {
  const burn = 'let n = 0; const end = Date.now() + 300; while (Date.now() < end) n++'
  const child = spawn('/bin/sh', ['-c', `"${process.execPath}" -e "${burn}"; cat`], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
  try {
    const root = child.pid ?? 0
    child.stdin.write('done\n')
    // `cat` gives it back when the burner has ended and has been waited for.
    await once(child.stdout, 'data')
    expect(cpuSecondsOfTree(root)).toBeGreaterThan(0.1)
    expect(cpuSecondsOfTree(2 ** 30)).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
})
