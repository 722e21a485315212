const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * Milliseconds of a Go duration (`1h30m`, `1.5s`, `0`), rounded; undefined when it is not one. Go: time.ParseDuration.
 */
export function durationMs(text: string): number | undefined {
  const match = /^([-+]?)(.+)$/.exec(text)
  if (!match) return undefined
  const sign = match[1] === '-' ? -1 : 1
  const body = match[2] ?? ''
  if (body === '0') return 0
  let total = 0
  let rest = body
  while (rest !== '') {
    const part = /^([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/.exec(rest)
    if (!part) return undefined
    total += Number(part[1]) * (unitMs[part[2] ?? ''] ?? 0)
    rest = rest.slice(part[0].length)
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(sign * total) : undefined
}
