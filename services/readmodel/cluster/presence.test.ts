import { expect, test } from 'vitest'
import { freshnessOf, Presence } from './presence.ts'

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
const ago = (seconds: number, queued = 0) => ({ at: new Date(now.getTime() - seconds * 1_000), heartbeat: { ...heartbeat, queued } })

test.each([
  ['heard of just now', true, ago(5), 'Live'],
  ['a heartbeat is late', true, ago(30), 'Lagging'],
  ['its spool fills up', true, ago(5, 500), 'Lagging'],
  ['silent', true, ago(120), 'Disconnected'],
  ['no heartbeat yet, the log says connected', true, undefined, 'Live'],
  ['no heartbeat yet, the log says not', false, undefined, 'Disconnected'],
  ['a heartbeat is newer than the good-bye in the log', false, ago(5), 'Live'],
] as const)('%s', (_, connected, seen, freshness) => {
  expect(freshnessOf({ connected }, seen, now)).toBe(freshness)
})

test('presence keeps the last heartbeat of each cluster', () => {
  const presence = new Presence()
  presence.record('east', heartbeat, now)
  presence.record('east', { ...heartbeat, queued: 3 }, now)
  expect(presence.of('east')?.heartbeat.queued).toBe(3)
  expect(presence.of('west')).toBeUndefined()
})
