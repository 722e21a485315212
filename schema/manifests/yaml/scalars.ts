import type { Json } from './document.ts'

/** `null` for "this plain scalar is text"; a value otherwise. */
type Resolved = { readonly value: Json } | 'text' | 'not-json'

const nulls = new Set(['', '~', 'null', 'Null', 'NULL'])
const trues = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])
const falses = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])
const notNumbers = new Set(['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'])

const octal = /^([-+]?)0[oO]?([0-7]+)$/
const hex = /^([-+]?)0[xX]([0-9a-fA-F]+)$/
const binary = /^([-+]?)0[bB]([01]+)$/
const decimal = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/

/**
 * What a plain (unquoted) scalar means to kubectl, which reads YAML with sigs.k8s.io/yaml over go.yaml.in/yaml/v2: YAML 1.1 booleans,
 * octal by a leading 0, underscores in numbers, no base 60, dates stay text. Infinity and NaN have no JSON form and are refused.
 */
export function resolvePlain(text: string): Resolved {
  if (nulls.has(text)) return { value: null }
  if (trues.has(text)) return { value: true }
  if (falses.has(text)) return { value: false }
  if (notNumbers.has(text)) return 'not-json'
  if (!/^[-+.0-9]/.test(text)) return 'text'
  const plain = text.replaceAll('_', '')
  for (const [pattern, radix] of [
    [binary, 2],
    [hex, 16],
    [octal, 8],
  ] as const) {
    const match = pattern.exec(plain)
    if (match) return { value: signed(match[1] ?? '', Number.parseInt(match[2] ?? '', radix)) }
  }
  if (!decimal.test(plain)) return 'text'
  const value = Number(plain)
  // Go keeps a number that overflows a double as text.
  return Number.isFinite(value) ? { value: value === 0 ? 0 : value } : 'text'
}

function signed(sign: string, value: number): number {
  return sign === '-' && value !== 0 ? -value : value
}
