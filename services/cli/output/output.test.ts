import { errorCodes, FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { complain } from './complain.ts'
import { type Format, parseFormat, printListing, type Terminal } from './print.ts'
import { formatTable } from './table.ts'
import { age, formatDuration, parseAt, parseDuration } from './time.ts'
import { enumValue, shownRef, word } from './words.ts'

function capture(): Terminal & { stdout: string; stderr: string } {
  const terminal = {
    stdout: '',
    stderr: '',
    colour: false,
    errColour: false,
    out: (text: string) => {
      terminal.stdout += text
    },
    err: (text: string) => {
      terminal.stderr += text
    },
  }
  return terminal
}

const rows = [
  { name: 'checkout', health: 'Healthy', cluster: 'east' },
  { name: 'pay', health: 'Degraded', cluster: 'west' },
]
const columns = [
  { title: 'NAME', cell: (row: (typeof rows)[number]) => row.name },
  { title: 'HEALTH', cell: (row: (typeof rows)[number]) => row.health },
  { title: 'CLUSTER', cell: (row: (typeof rows)[number]) => row.cluster, wide: true },
]
const listing = { rows, columns, name: (row: (typeof rows)[number]) => `application/${row.name}`, about: { totalCount: 2 } }

describe('formats', () => {
  const golden: Record<Format, string> = {
    table: 'NAME       HEALTH\ncheckout   Healthy\npay        Degraded\n',
    wide: 'NAME       HEALTH     CLUSTER\ncheckout   Healthy    east\npay        Degraded   west\n',
    name: 'application/checkout\napplication/pay\n',
    ndjson: `${JSON.stringify(rows[0])}\n${JSON.stringify(rows[1])}\n`,
    json: `${JSON.stringify({ items: rows, totalCount: 2 }, null, 2)}\n`,
    yaml: 'items:\n  - name: checkout\n    health: Healthy\n    cluster: east\n  - name: pay\n    health: Degraded\n    cluster: west\ntotalCount: 2\n',
  }
  test.each(Object.entries(golden))('%s', async (format, expected) => {
    const terminal = capture()
    await printListing(terminal, listing, format as Format, true)
    expect(terminal.stdout).toBe(expected)
    expect(terminal.stderr).toBe('')
  })

  test('an empty table says so on standard error and leaves standard output empty', async () => {
    const terminal = capture()
    await printListing(terminal, { ...listing, rows: [] }, 'table', true)
    expect([terminal.stdout, terminal.stderr]).toEqual(['', 'nothing found\n'])
  })

  test('titles can be left out, colour never changes the text', () => {
    const plain = formatTable(rows, columns, { wide: false, headers: false, colour: false })
    const painted = formatTable(rows, columns, { wide: false, headers: false, colour: true })
    expect(plain).toBe('checkout   Healthy\npay        Degraded')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
    expect(painted.replaceAll(/\u001b\[[0-9;]*m/g, '')).toBe(plain)
    expect(painted).not.toBe(plain)
  })

  test('an unknown format is refused with the list of formats', () => {
    expect(() => parseFormat('xml')).toThrow(/no output format "xml"/)
  })
})

describe('times', () => {
  test.each([
    [0, '0ms'],
    [340, '340ms'],
    [1_500, '1.5s'],
    [12_000, '12s'],
    [61_000, '1m1s'],
    [3_600_000, '1h'],
    [3_723_000, '1h2m'],
    [2 * 86_400_000 + 3_600_000, '2d1h'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  test.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', '5', 'ten', '-1s', '5 m'])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrow(/no duration/)
  })

  test('an instant is a position, a date or how long ago', () => {
    expect(parseAt('1234')).toEqual({ position: '1234' })
    expect(parseAt('2026-11-24T09:00:00Z')).toEqual({ time: '2026-11-24T09:00:00.000Z' })
    expect(parseAt('5m', 600_000)).toEqual({ time: '1970-01-01T00:05:00.000Z' })
    expect(parseAt(undefined)).toBeUndefined()
    for (const text of ['yesterday', '2026-99-99']) expect(() => parseAt(text)).toThrow(/no instant/)
  })

  test('no instant has no age', () => {
    expect([age(null), age('1970-01-01T00:00:00Z', 5_000)]).toEqual(['-', '5.0s'])
  })
})

describe('words', () => {
  test.each(['OutOfSync', 'out-of-sync', 'out_of_sync', 'OUTOFSYNC'])('%s is OUT_OF_SYNC', (text) => {
    expect(enumValue(text)).toBe('OUT_OF_SYNC')
  })

  test('enum values read as the field writes them', () => {
    expect([word('DEGRADED'), word(null), word('Other')]).toEqual(['Degraded', '-', 'Other'])
    expect(shownRef({ kind: 'Namespace', namespace: '', name: 'shop' })).toBe('Namespace shop')
  })
})

test('a complaint says what, where and what next, and gives the exit code', () => {
  const terminal = capture()
  const error = new FairleadError('SYNC_REFUSED', 'Deployment shop/checkout was refused', {
    cause: new Error('spec.selector: field is immutable'),
    where: { application: 'checkout', file: 'deployment.yaml', line: 3 },
  })
  expect(complain(terminal, error)).toBe(errorCodes.SYNC_REFUSED.exit)
  expect(terminal.stderr).toBe(
    [
      '✗ Deployment shop/checkout was refused  SYNC_REFUSED',
      '  cause: spec.selector: field is immutable',
      '  where: deployment.yaml:3, application checkout',
      `  next:  ${errorCodes.SYNC_REFUSED.next}`,
      '',
    ].join('\n'),
  )
  expect(terminal.stdout).toBe('')
})
