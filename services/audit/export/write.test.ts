import { expect, test } from 'vitest'
import { register } from '../change/register.ts'
import { csv } from '../format/csv.ts'
import { History } from '../testing/history.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import { resolveQuery } from './place.ts'
import { writeReport } from './write.ts'

/** A log that counts how much of it was read. */
class CountingLog extends MemoryLog {
  read = 0

  override async readRaw(range: Parameters<MemoryLog['readRaw']>[0]) {
    const events = await super.readRaw(range)
    this.read += events.length
    return events
  }
}

async function filled(changes: number): Promise<CountingLog> {
  const log = new CountingLog()
  const history = new History({ seed: 5, applications: 20, clusters: 2, projects: 2, changes, together: 4 })
  for (const append of history.appends()) await log.append(append)
  return log
}

async function input(log: CountingLog, signal?: AbortSignal) {
  const query = await resolveQuery(log, { projects: undefined })
  log.read = 0
  return { log, query, sources: { review: { withinMs: 1 } }, signal }
}

const settings = { generator: 'test', verify: false }

test('a reader that takes no more stops the reading of the log: what waits is a page or two, not the report', async () => {
  const log = await filled(2_000)
  const going = await input(log)
  const first = Promise.withResolvers<void>()
  const more = Promise.withResolvers<void>()
  let taken = 0
  const writing = writeReport(
    register,
    csv,
    going,
    async () => {
      taken++
      first.resolve()
      await more.promise
    },
    settings,
  )
  await first.promise
  // Whatever was under way comes to its end; then nothing moves.
  await new Promise((resolve) => setImmediate(resolve))
  const read = log.read
  await new Promise((resolve) => setImmediate(resolve))
  expect([log.read, taken]).toEqual([read, 1])
  more.resolve()
  await writing
  expect(taken).toBeGreaterThan(10)
  expect(read).toBeLessThan(log.read / 2)
})

test('an export that is aborted ends with the reason, and reads no further', async () => {
  const log = await filled(500)
  const stop = new AbortController()
  const sink = async () => stop.abort(new Error('the reader has gone'))
  await expect(writeReport(register, csv, await input(log, stop.signal), sink, settings)).rejects.toThrow('the reader has gone')
})

test('a sink that fails fails the export', async () => {
  const log = await filled(500)
  const sink = () => Promise.reject(new Error('disk full'))
  await expect(writeReport(register, csv, await input(log), sink, settings)).rejects.toThrow('disk full')
})

test('before anything was recorded there is nothing to verify, and nothing to tell', async () => {
  const log = new CountingLog()
  const written = await writeReport(register, csv, await input(log), async () => undefined, { ...settings, verify: true })
  expect(written).toMatchObject({ rows: 0, completeness: { rows: 0, holds: true }, verification: { ok: true, events: 0 } })
})
