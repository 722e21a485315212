import type { ApplicationId } from '@fairlead/manifests'
import { expect, test } from 'vitest'
import type { SettledStep } from './contract.ts'
import { ResultMail } from './result-mail.ts'

const result = (n: number): SettledStep => ({
  application: `app-${n}` as ApplicationId,
  attempt: 1,
  step: 0,
  fail: false,
  outcome: 'succeeded',
})
const results = (count: number, from = 0): SettledStep[] => Array.from({ length: count }, (_, index) => result(from + index))

function recorder() {
  const sent: [operation: string, count: number][] = []
  const failures: unknown[] = []
  let failing = false
  const mail = new ResultMail({
    send: async (operation, of) => {
      if (failing) throw new Error('away')
      sent.push([operation, of.length])
    },
    onFailure: (_, error) => failures.push(error),
  })
  return { mail, sent, failures, fail: (on: boolean) => (failing = on) }
}

test('what comes in together travels together', async () => {
  const { mail, sent } = recorder()
  for (let n = 0; n < 20; n++) mail.post('sync/1', [result(n)], 40)
  await mail.idle()
  expect(sent).toEqual([['sync/1', 20]])
})

test('nothing is gathered when all that can come is there', async () => {
  const { mail, sent } = recorder()
  mail.post('sync/1', results(3), 3)
  mail.post('sync/2', results(1), 1)
  expect(sent).toEqual([
    ['sync/1', 3],
    ['sync/2', 1],
  ])
  await mail.idle()
})

test('a signal carries at most 200 results', async () => {
  const { mail, sent } = recorder()
  mail.post('sync/1', results(450), 450)
  await mail.idle()
  expect(sent.map(([, count]) => count)).toEqual([200, 200, 50])
})

test('a workflow that cannot be told does not keep the others from it', async () => {
  const { mail, sent, failures, fail } = recorder()
  fail(true)
  mail.post('sync/1', results(1), 1)
  await mail.idle()
  fail(false)
  mail.post('sync/1', results(1), 1)
  await mail.idle()
  expect(failures).toHaveLength(1)
  expect(sent).toEqual([['sync/1', 1]])
})

test('the end does not wait for more', async () => {
  const { mail, sent } = recorder()
  mail.post('sync/1', results(1), 1_000)
  await mail[Symbol.asyncDispose]()
  expect(sent).toEqual([['sync/1', 1]])
})
