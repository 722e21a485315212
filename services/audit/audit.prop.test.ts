import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openAudit } from './audit.ts'
import type { Change } from './change/row.ts'
import { History, type History as Made } from './testing/history.ts'
import { MemoryLog } from './testing/memory-log.ts'
import { auditor } from './testing/scene.ts'

async function made(seed: number): Promise<{ log: MemoryLog; history: Made }> {
  const log = new MemoryLog()
  const history = new History({ seed, applications: 10, clusters: 2, projects: 3, changes: 60, together: 3 })
  for (const append of history.appends()) {
    log.nowMs += 60_000
    await log.append(append)
  }
  return { log, history }
}

const auditOf = (log: MemoryLog) => openAudit({ log, sources: { review: { withinMs: 3_600_000 } }, generator: 'fairlead test' })

async function rows(
  log: MemoryLog,
  kind: string,
  range: { from?: number; to?: number; at?: number } = {},
  projects = ['*'],
): Promise<Change[]> {
  const { from = 1, at = log.events.length, to = at } = range
  const request = { kind, first: 1_000, from: { position: from }, to: { position: to }, at: { position: at } }
  return (await auditOf(log).page({ ...auditor, projects }, request)).rows as Change[]
}

const seeds = fc.integer({ min: 0, max: 1_000_000 })

test('the register has every change and every drift of a history, once, and the reports beside it what they are for', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const { log, history } = await made(seed)
      const { truth } = history
      const register = await rows(log, 'register')
      expect(register.length).toBe(truth.changes + truth.drifts)
      expect(new Set(register.map(({ change }) => change)).size).toBe(register.length)
      expect(register.filter(({ outcome }) => outcome === 'Open').length).toBe(truth.openDrifts)
      expect((await rows(log, 'out-of-band')).length).toBe(truth.drifts)
      const emergencies = await rows(log, 'emergency')
      expect(emergencies.length).toBe(truth.emergencies)
      expect(emergencies.filter(({ review }) => review.state === 'accepted').length).toBe(truth.reviewed)
      expect(register.filter(({ duties }) => duties.result === 'same-person').length).toBe(truth.samePerson)
      expect(register.filter(({ rollbackOf }) => rollbackOf !== null).length).toBe(
        register.filter(({ rolledBackBy }) => rolledBackBy !== null).length,
      )
      expect((await rows(log, 'gaps')).length).toBe(truth.silences)
    }),
    { numRuns: 25 },
  )
})

test('periods cut a register into parts: together they are the whole', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }), async (seed, shares) => {
      const { log } = await made(seed)
      const at = log.events.length
      const cuts = [...new Set([0, ...shares.map((share) => Math.floor(share * at)), at])].sort((a, b) => a - b)
      const parts: Change[] = []
      for (let i = 1; i < cuts.length; i++) parts.push(...(await rows(log, 'register', { from: cuts[i - 1]! + 1, to: cuts[i]!, at })))
      const key = (change: Change) => change.change
      expect(parts.sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(
        (await rows(log, 'register')).sort((a, b) => (key(a) < key(b) ? -1 : 1)),
      )
    }),
    { numRuns: 15 },
  )
})

test('projects cut a register into parts, and what is counted beside it as well', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const { log, history } = await made(seed)
      const at = log.events.length
      for (const [project, count] of history.truth.byProject) {
        const seen = await rows(log, 'register', { at }, [project])
        expect(seen.length).toBe(count)
        expect(new Set(seen.map((row) => row.project))).toEqual(new Set([project]))
        const reader = { ...auditor, projects: [project] }
        const audit = auditOf(log)
        const reading = await audit.export(reader, { kind: 'register', format: 'csv', at: { position: at } }, () => async () => undefined)
        expect((await audit.manifest(reader, reading)).completeness).toMatchObject({ rows: count, holds: true })
      }
    }),
    { numRuns: 10 },
  )
})

test('what happens later changes nothing of a report as of a position', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.double({ min: 0, max: 1, noNaN: true }), async (seed, share) => {
      const { log } = await made(seed)
      const at = Math.floor(share * log.events.length)
      const short = new MemoryLog()
      short.events.push(...log.events.slice(0, at))
      await short.append({ streams: [], context: { actor: { kind: 'user', name: 'x', authenticatedBy: 'token' }, correlation: 'x' } })
      expect(await rows(log, 'register', { at })).toEqual(await rows(short, 'register', { at }))
    }),
    { numRuns: 15 },
  )
})

test('pages put together are the report', async () => {
  const { log } = await made(3)
  const at = { position: log.events.length }
  const audit = auditOf(log)
  const whole = await audit.page(auditor, { kind: 'register', first: 1_000, at })
  const parts: unknown[] = []
  let after: string | undefined
  do {
    const page = await audit.page(auditor, { kind: 'register', first: 7, at, ...(after !== undefined && { after }) })
    parts.push(...page.rows)
    after = page.hasNextPage ? (page.endCursor ?? undefined) : undefined
  } while (after !== undefined)
  expect(parts).toEqual(whole.rows)
})
