import { FairleadError } from '@fairlead/errors'

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]

/** `2d3h`, `5m`, `12s`, `340ms`: two units at the most. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`
  let rest = ms
  const parts: string[] = []
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
    if (parts.length === 2 || (parts.length === 1 && unit === 's')) break
  }
  return parts.join('') || '0s'
}

/** How long ago an instant was; `-` when there is none. */
export function age(instant: string | null | undefined, now: number = Date.now()): string {
  return instant ? formatDuration(now - new Date(instant).getTime()) : '-'
}

/** Milliseconds of `90s`, `10m`, `2h`, `500ms`. Throws `BAD_USER_INPUT`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (!match) throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(text)} is no duration`, { next: 'write it like 90s, 10m or 2h' })
  const size = match[2] === 'ms' ? 1 : (units.find(([unit]) => unit === match[2])?.[1] ?? 0)
  return Number(match[1]) * size
}

/** The `At` input for `--at`: a log position, an ISO instant, or how long ago. */
export function parseAt(text: string | undefined, now: number = Date.now()): { position: string } | { time: string } | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return { position: text }
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const time = new Date(text)
    if (!Number.isNaN(time.getTime())) return { time: time.toISOString() }
  }
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return { time: new Date(now - parseDuration(text)).toISOString() }
  throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(text)} is no instant`, {
    next: 'write a log position (1234), an instant (2026-11-24T09:00:00Z) or how long ago (5m)',
  })
}
