import { describe, expect, test } from 'vitest'
import { parseValues } from './parse.ts'

const origin = { repository: 'r', commit: 'c', path: 'f.yaml' }
const value = (scalar: string): unknown => (parseValues(`v: ${scalar}\n`, origin)[0] as Record<string, unknown>)['v']

/** Measured with sigs.k8s.io/yaml v1.6.0, which is what kubectl reads with. */
const kubectl: readonly [scalar: string, value: unknown][] = [
  ['yes', true],
  ['Yes', true],
  ['YES', true],
  ['yEs', 'yEs'],
  ['no', false],
  ['on', true],
  ['On', true],
  ['off', false],
  ['y', true],
  ['Y', true],
  ['n', false],
  ['N', false],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['tRue', 'tRue'],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['~', null],
  ['', null],
  ['012', 10],
  ['0o14', 12],
  ['0O14', 12],
  ['0o8', '0o8'],
  ['08', 8],
  ['089', 89],
  ['0_1', 1],
  ['0_8', 8],
  ['00', 0],
  ['-0', 0],
  ['-012', -10],
  ['+12', 12],
  ['0x1F', 31],
  ['0X1f', 31],
  ['-0x1F', -31],
  ['0x_1', 1],
  ['0x', '0x'],
  ['0x1p4', '0x1p4'],
  ['0b11', 3],
  ['0B11', 3],
  ['-0b11', -3],
  ['0b2', '0b2'],
  ['0b', '0b'],
  ['1_000', 1000],
  ['1__000', 1000],
  ['1_', 1],
  ['_1', '_1'],
  ['1_0.5', 10.5],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1e3_0', 1e30],
  ['1.5e+3', 1500],
  ['6.02e23', 6.02e23],
  ['1e400', '1e400'],
  ['1e', '1e'],
  ['1.0', 1],
  ['1.', 1],
  ['0.1', 0.1],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['+.5', 0.5],
  ['.', '.'],
  ['1,000', '1,000'],
  ['+ 1', '+ 1'],
  ['--1', '--1'],
  ['1:30', '1:30'],
  ['1:30:20', '1:30:20'],
  ['190:20:30.15', '190:20:30.15'],
  ['2001-12-14', '2001-12-14'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  ['2001-12-14 21:59:43.10 -5', '2001-12-14 21:59:43.10 -5'],
  ['18446744073709551616', 18446744073709552000],
  ['123456789012345678901234567890', 1.2345678901234568e29],
  ['Infinity', 'Infinity'],
  ['NaN', 'NaN'],
  ['nan', 'nan'],
  ['inf', 'inf'],
  ['=', '='],
  ['<<', '<<'],
  ["'1'", '1'],
  ['"yes"', 'yes'],
  ['!!str 1', '1'],
  ['! 1', '1'],
  ['!!int "1"', 1],
  ['!!float 1', 1],
  ['!!bool yes', true],
  ['!!null ~', null],
  ['!!binary aGVsbG8=', 'hello'],
  ['!!timestamp 2001-12-14', '2001-12-14'],
  ['!custom x', 'x'],
  ['!!set {a, b}', { a: null, b: null }],
  ['!!omap [a: 1]', [{ a: 1 }]],
  ['?x', '?x'],
  ['a\\b', 'a\\b'],
  ['"\\u0041"', 'A'],
  ['1 # comment', 1],
]

describe('a plain scalar means what kubectl takes it for', () => {
  test.each(kubectl)('%s', (scalar, meant) => {
    expect(value(scalar)).toEqual(meant)
  })
})

test.each(['.inf', '.Inf', '+.inf', '-.INF', '.nan', '.NaN'])('%s has no JSON form and is refused, as by kubectl', (scalar) => {
  expect(() => value(scalar)).toThrow('infinity and NaN are not values of a manifest')
})

test.each(['!!int 3.5', '!!null x', '!!bool maybe', '!!float x'])('%s does not fit its tag and is refused', (scalar) => {
  expect(() => value(scalar)).toThrow(/does not fit its tag/)
})

test('whole numbers beyond 2^53 become the nearest double, as JSON.parse does', () => {
  expect(value('9007199254740993')).toBe(9007199254740992)
})
