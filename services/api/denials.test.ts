import type { AppendRequest, AppendResult } from '@fairlead/ledger'
import { expect, test } from 'vitest'
import { Denials } from './denials.ts'

/** Keeps what is appended, in memory. */
function memoryLog() {
  const events: { principal: string; action: string; times: number }[] = []
  return {
    events,
    async append({ streams }: AppendRequest): Promise<AppendResult> {
      for (const { data } of streams.flatMap((stream) => stream.events)) events.push(data as (typeof events)[number])
      return { outcome: 'ok', position: events.length, streams: [] }
    },
  }
}

const attempt = { principal: 'vera', action: 'sync', object: 'application/a', reason: 'needs the role operator' }
const at = (seconds: number) => new Date(seconds * 1_000)

test('the first attempt is a fact at once, repeats within a minute are counted in the next one', async () => {
  const log = memoryLog()
  const denials = new Denials(log)
  for (const seconds of [0, 1, 2, 59, 61]) await denials.record(attempt, 't', at(seconds))
  expect(log.events.map((event) => event.times)).toEqual([1, 4])
})

test('different attempts are different facts', async () => {
  const log = memoryLog()
  const denials = new Denials(log)
  await denials.record(attempt, 't', at(0))
  await denials.record({ ...attempt, action: 'rollback' }, 't', at(0))
  await denials.record({ ...attempt, principal: 'anonymous' }, 't', at(0))
  expect(log.events.map((event) => [event.principal, event.action])).toEqual([
    ['vera', 'sync'],
    ['vera', 'rollback'],
    ['anonymous', 'sync'],
  ])
})

test('what is remembered is bounded', async () => {
  const log = memoryLog()
  const denials = new Denials(log)
  for (let index = 0; index < 1_500; index++) await denials.record({ ...attempt, object: `application/${index}` }, 't', at(0))
  await denials.record({ ...attempt, object: 'application/0' }, 't', at(1))
  expect(log.events).toHaveLength(1_501)
})
