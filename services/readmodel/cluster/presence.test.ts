import { expect, test } from 'vitest'
import { freshnessOf } from './presence.ts'

const now = new Date('2026-11-24T10:00:00Z')
const heartbeat = {
  v: 1 as const,
  boot: 'b',
  epoch: 1,
  agentVersion: '1',
  kubernetesVersion: '1',
  applications: 1,
  objects: 1,
  queued: 0,
  inventory: '',
}
const ago = (seconds: number) => ({
  lastSeenAt: new Date(now.getTime() - seconds * 1_000).toISOString(),
  heartbeat,
})

test.each([
  ['heard of just now', true, ago(5), 'Live'],
  ['a heartbeat is late', true, ago(30), 'Live'],
  ['silent', true, ago(120), 'Disconnected'],
  ['heard of, but not yet a heartbeat', true, { lastSeenAt: now.toISOString() }, 'Live'],
  ['no heartbeat yet, the log says connected', true, undefined, 'Live'],
  ['no heartbeat yet, the log says not', false, undefined, 'Disconnected'],
  ['a heartbeat is newer than the good-bye in the log', false, ago(5), 'Live'],
] as const)('%s', (_, connected, seen, freshness) => {
  expect(freshnessOf({ connected }, seen, now)).toBe(freshness)
})
