import { afterAll, beforeAll, expect, it } from 'vitest'
import { Housekeeping } from './housekeeping.ts'
import { numbers, openTestLedger } from './testing/log.ts'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

it('old idempotency keys are forgotten, recent ones are not', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  const request = { ...numbers('s', 1, 'none'), idempotencyKey: 'k' }
  await ledger.append(request)
  using housekeeping = new Housekeeping({ pool: ledger.pool, positionAt: (time) => ledger.positionAt(time), keepKeysForMs: 60_000 })
  expect(await housekeeping.forgetKeys()).toBe(0)
  expect(await ledger.append(request)).toMatchObject({ outcome: 'duplicate' })
  expect(await housekeeping.forgetKeys(new Date(Date.now() + 120_000))).toBe(1)
  expect(await ledger.append(request)).toMatchObject({ outcome: 'conflict' })
})

it('the position at an instant follows the clock of the log', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  expect(await ledger.positionAt(new Date())).toBe(0)
  for (let i = 0; i < 5; i++) await ledger.append(numbers('s', 10))
  const events = await ledger.read()
  for (const event of events) {
    const at = await ledger.positionAt(new Date(event.recordedAt))
    expect(at).toBe(events.findLast((other) => other.recordedAt <= event.recordedAt)!.position)
  }
  expect(await ledger.positionAt(new Date(Date.parse(events[0]!.recordedAt) - 1))).toBe(0)
  expect(await ledger.positionAt(new Date(Date.now() + 60_000))).toBe(50)
})
