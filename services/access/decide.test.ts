import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Action, actions, decide, type Role, roles, seesProject } from './index.ts'

const principal = (role: Role, projects: readonly string[] = ['*']) =>
  ({ name: 'ana', kind: 'user', role, projects, authenticatedBy: 'token' }) as const

describe('role × action', () => {
  const expected: Record<Role, readonly Action[]> = {
    viewer: ['view'],
    operator: ['view', 'sync', 'refresh', 'rollback', 'terminate', 'confirm'],
    admin: actions,
  }
  const table = roles.flatMap((role) => actions.map((action) => [role, action, expected[role].includes(action)] as const))
  test.each(table)('%s may %s: %s', (role, action, allowed) => {
    expect(decide(principal(role), action, {}).allowed).toBe(allowed)
  })

  test('a denial says which role it takes', () => {
    expect(decide(principal('viewer'), 'sync', {})).toEqual({
      allowed: false,
      reason: 'sync needs the role operator or admin, ana is viewer',
    })
    expect(decide(principal('operator'), 'issue-token', {})).toMatchObject({ reason: expect.stringContaining('the role admin') })
  })
})

describe('projects', () => {
  test('nothing of a project that is not one’s own is allowed, whatever the role', () => {
    fc.assert(
      fc.property(fc.constantFrom(...roles), fc.constantFrom(...actions), (role, action) => {
        expect(decide(principal(role, ['shop']), action, { project: 'payments' }).allowed).toBe(false)
      }),
    )
  })

  test('one’s own project and the wildcard are seen', () => {
    expect([seesProject(principal('viewer', ['shop']), 'shop'), seesProject(principal('viewer'), 'payments')]).toEqual([true, true])
    expect(decide(principal('operator', ['shop']), 'sync', { project: 'shop' })).toEqual({ allowed: true })
  })
})
