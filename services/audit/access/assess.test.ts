import { expect, test } from 'vitest'
import { standingOf } from './assess.ts'

const known = {
  name: 'ana',
  kind: 'user',
  role: 'viewer',
  projects: ['*'],
  actions: ['view'],
  createdAt: '2026-01-02T00:00:00.000Z',
} as const

test.each([
  ['before it was made', null, '2026-01-01T23:59:59.999Z', 'not-yet'],
  ['from then on', null, '2026-01-02T00:00:00.000Z', 'active'],
  ['before it expires', '2026-02-01T00:00:00.000Z', '2026-01-31T00:00:00.000Z', 'active'],
  ['when it expires', '2026-02-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z', 'expired'],
])('a token %s', (_, expiresAt, at, standing) => {
  expect(standingOf({ ...known, expiresAt }, at)).toBe(standing)
})
