import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Spool } from './spool.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const open = (more: Partial<ConstructorParameters<typeof Spool>[0]> = {}) => new Spool({ dir, maxBytes: 1_000_000, ...more })
const contents = (spool: Spool) => [...spool.after(0)].map((message) => [message.kind, message.id, spool.payloadOf(message)])

test('what was not acknowledged is there after the process died, in order, over both sorts of messages', () => {
  const first = open()
  first.append('state', 'c:b:1', '{"n":1}')
  const gone = first.append('step', 'c:b:2', '{"n":2}')
  first.append('drift', 'c:b:3', '{"text":"zwölf\\n"}')
  first.append('state', 'c:b:4', '{"n":4}')
  first.acknowledge(gone)
  const second = open()
  // What was acknowledged in a segment that is still there comes once more; its id makes that harmless.
  expect(contents(second)).toEqual([
    ['state', 'c:b:1', '{"n":1}'],
    ['step', 'c:b:2', '{"n":2}'],
    ['drift', 'c:b:3', '{"text":"zwölf\\n"}'],
    ['state', 'c:b:4', '{"n":4}'],
  ])
  second.append('step', 'c:b2:1', '{}')
  expect(contents(open()).at(-1)).toEqual(['step', 'c:b2:1', '{}'])
})

test('a line that was cut off is left out', () => {
  open().append('step', 'a', '{"n":1}')
  appendFileSync(join(dir, readdirSync(dir)[0] as string), '2 step b {"half')
  expect(contents(open())).toEqual([['step', 'a', '{"n":1}']])
})

test('when it is full the oldest status reports go, results and drift never', () => {
  let dropped = 0
  const spool = open({
    maxBytes: 32_000,
    segmentBytes: 2_000,
    onDropped: (count) => {
      dropped += count
    },
  })
  const payload = JSON.stringify('x'.repeat(400))
  for (let index = 0; index < 50; index++) {
    spool.append('state', `state-${index}`, payload)
    spool.append('step', `step-${index}`, payload)
  }
  const ids = [...spool.after(0)].map(({ id }) => id)
  expect(ids.filter((id) => id.startsWith('step'))).toHaveLength(50)
  expect(dropped).toBeGreaterThan(0)
  expect(ids).toHaveLength(100 - dropped)
  expect(ids.filter((id) => id.startsWith('state'))[0]).toBe(`state-${dropped}`)
  expect([...open().after(0)].map(({ id }) => id)).toEqual(ids)
})

test('acknowledged messages free the disk', () => {
  const spool = open({ segmentBytes: 4_000 })
  const messages = Array.from({ length: 100 }, (_, index) => spool.append('step', `${index}`, JSON.stringify('y'.repeat(500))))
  expect(spool.bytes).toBeGreaterThan(50_000)
  for (const message of messages) spool.acknowledge(message)
  spool.acknowledge(messages[0] as (typeof messages)[number])
  expect(spool.size).toBe(0)
  expect(spool.bytes).toBeLessThan(4_000)
  spool[Symbol.dispose]()
  expect(readdirSync(dir)).toEqual([])
})

test('more messages than memory are read back from the disk', async () => {
  const spool = open({ maxBytes: 100_000_000 })
  const payload = (index: number) => JSON.stringify(`${index}-${'z'.repeat(100_000)}`)
  for (let index = 0; index < 60; index++) spool.append('step', `${index}`, payload(index))
  await spool.sync()
  expect([...spool.after(0)].every((message, index) => spool.payloadOf(message) === payload(index))).toBe(true)
})

test('only its owner can read it', () => {
  open().append('step', 'a', '{}')
  expect(readdirSync(dir).map((name) => statSync(join(dir, name)).mode & 0o777)).toEqual([0o600])
})
