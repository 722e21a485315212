const binary: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 }
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const shape = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d{1,3}))$/

/**
 * Value of a Kubernetes quantity (`100m`, `1.5Gi`, `2e3`), exact, in thousandths of a nano: what is smaller rounds up as the API server does.
 * Undefined when it is none. Source: Kubernetes apimachinery `resource.Quantity`.
 */
export function quantityOf(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const match = shape.exec(String(value))
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', binarySuffix, decimalSuffix, exponent] = match
  if (whole === '' && fraction === '') return undefined
  let scaled = BigInt(whole + fraction)
  let power = 12 - fraction.length
  if (binarySuffix !== undefined) scaled *= 1024n ** BigInt(binary[binarySuffix] ?? 0)
  else power += exponent === undefined ? (decimal[decimalSuffix ?? ''] ?? 0) : Number(exponent)
  scaled = power >= 0 ? scaled * 10n ** BigInt(power) : scaled / 10n ** BigInt(-power)
  return sign === '-' ? -scaled : scaled
}

/** Keys below which every value is a quantity. */
const quantityMaps = new Set([
  'limits',
  'requests',
  'hard',
  'capacity',
  'podFixed',
  'max',
  'min',
  'default',
  'defaultRequest',
  'maxLimitRequestRatio',
])
/** Keys whose own value is a quantity. */
const quantityFields = new Set(['sizeLimit', 'divisor', 'averageValue', 'targetAverageValue', 'storage'])

/** Whether built-in types keep a quantity at this path, so that `1` and `1000m` are the same. */
export function isQuantityPath(path: readonly (string | number)[]): boolean {
  const [parent, own] = path.slice(-2)
  return (typeof parent === 'string' && quantityMaps.has(parent)) || (typeof own === 'string' && quantityFields.has(own))
}
