import { readFileSync } from 'node:fs'
import { ApplicationConfirmed } from '@fairlead/events'
import { expect, test } from 'vitest'
import { reportKinds } from '../report/report.ts'
import { application, auditor, operation, Scene } from '../testing/scene.ts'
import { auditReportPage, auditVerification } from './resolve.ts'

const sdl = readFileSync(new URL('../../../schema/graphql/audit.graphql', import.meta.url), 'utf8')

/** Names of the fields of a type, or the values of an enum, in the SDL. */
function membersOf(name: string): string[] {
  const body = new RegExp(`(?:type|enum) ${name} \\{([^}]*)\\}`).exec(sdl)?.[1] ?? ''
  return body
    .split('\n')
    .map((line) => /^ {2}(\w+)/.exec(line)?.[1])
    .filter((member) => member !== undefined)
}

async function audited() {
  const scene = new Scene()
  for (let i = 0; i < 3; i++)
    await scene.on(ApplicationConfirmed.of({ application, operation }), { kind: 'user', name: `u${i}`, authenticatedBy: 'token' })
  return scene.audit()
}

test('the schema has every report', () => {
  expect(membersOf('AuditReportKind')).toEqual(reportKinds.map((kind) => kind.toUpperCase().replaceAll('-', '_')))
})

test('a page has the fields of the schema, and the next one goes on as of the same position', async () => {
  const audit = await audited()
  const page = await auditReportPage(audit, auditor, { kind: 'ACCESS', first: 2, at: { position: 3 } })
  expect(Object.keys(page).sort()).toEqual(membersOf('AuditReportPage').sort())
  expect(page).toMatchObject({ rows: [{ principal: 'u0' }, { principal: 'u1' }], position: 3, pageInfo: { hasNextPage: true } })
  const next = await auditReportPage(audit, auditor, { kind: 'ACCESS', first: 2, after: page.pageInfo.endCursor })
  expect(next).toMatchObject({ rows: [{ principal: 'u2' }], position: 3, pageInfo: { hasNextPage: false } })
})

test('a period may be given by times', async () => {
  const page = await auditReportPage(await audited(), auditor, {
    kind: 'OUT_OF_BAND',
    first: 1,
    from: { time: '2026-01-05T08:02:00Z' },
    to: { position: 3 },
    at: {},
  })
  expect([page.from, page.to]).toEqual([2, 3])
})

test('a verification has the fields of the schema', async () => {
  const result = await auditVerification(await audited(), auditor, { from: 2 })
  const { head: _, ...shown } = result as typeof result & { head?: unknown }
  expect(Object.keys(shown).sort()).toEqual(membersOf('AuditVerification').sort())
})

test.each([0, 1_001])('first: %d is refused', async (first) => {
  await expect(auditReportPage(await audited(), auditor, { kind: 'GAPS', first })).rejects.toThrow(/from 1 to 1000/)
})

test.each(['', 'x', '1', '1.2.3', '-1.0'])('%j is no cursor', async (after) => {
  await expect(auditReportPage(await audited(), auditor, { kind: 'GAPS', first: 1, after })).rejects.toThrow(/no cursor/)
})
