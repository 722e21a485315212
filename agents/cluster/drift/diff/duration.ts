const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9 }
const whole = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/
const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g

/** Length of a Go duration (`1h30m`) in nanoseconds; undefined when it is none. */
export function durationOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !whole.test(value)) return undefined
  let total = 0
  for (const [, amount, unit] of value.matchAll(part)) total += Number(amount) * (units[unit as string] as number)
  return Math.round(total)
}

const durationName = /(timeout|interval|duration|period|delay|ttl|backoff|age|deadline|renewbefore)$/i

/** Whether a field of this name holds a duration, so that `60s` and `1m0s` are the same. */
export function isDurationPath(path: readonly (string | number)[]): boolean {
  const own = path.at(-1)
  return typeof own === 'string' && durationName.test(own)
}
