import { memoryUsage } from 'node:process'
import { auditOf } from '../compose.ts'
import { auditLogOf } from '../log/audit-log.ts'
import { readRawLog } from '../log/read-log.ts'
import { History } from './history.ts'
import { openTestLedger, signingKeys, write } from './log.ts'
import { auditor } from './scene.ts'

/** `node services/audit/testing/measure.ts [changes]`: time and memory of exports over a made-up history, beside reading the same log raw. */
const changes = Number(process.argv[2] ?? 10_000)
await using test = await openTestLedger()
const history = new History({ seed: 1, applications: 400, clusters: 10, projects: 8, changes, together: 25 })
let began = performance.now()
await write(test.ledger, history.appends())
const at = await test.ledger.head()
console.log(`${at} events, ${changes} changes, written in ${seconds(began)} s`)

const { signingKey } = signingKeys()
const audit = auditOf(test.ledger, { version: '0.1.0', signingKey })
const log = auditLogOf(test.ledger)

for (let round = 1; round <= 3; round++) {
  began = performance.now()
  let events = 0
  for await (const page of readRawLog(log, { to: at })) events += page.length
  const raw = performance.now() - began
  console.log(`round ${round}: raw read of ${events} events ${(raw / 1_000).toFixed(2)} s`)
  for (const [kind, format] of [
    ['register', 'csv'],
    ['register', 'jsonl'],
    ['register', 'oscal'],
    ['sod', 'csv'],
    ['gaps', 'csv'],
    ['access', 'csv'],
    ['integrity', 'csv'],
  ] as const) {
    for (const verify of kind === 'register' && format === 'csv' ? [false, true] : [false]) {
      const { signal, peak } = watchMemory()
      began = performance.now()
      let size = 0
      const reading = await audit.export(auditor, { kind, format, at: { position: at }, verify }, () => async (chunk) => {
        size += chunk.length
      })
      const took = performance.now() - began
      signal.abort()
      const { file, completeness } = await audit.manifest(auditor, reading)
      const holds = completeness ? ` complete: ${completeness.holds}` : ''
      console.log(
        `  ${kind} ${format}${verify ? ' verified' : ''}: ${file.rows} rows, ${(size / 1e6).toFixed(1)} MB, ${(took / 1_000).toFixed(2)} s = ${(took / raw).toFixed(2)} × raw, heap +${peak().heap} MB, rss +${peak().rss} MB${holds}`,
      )
    }
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1)
}

/** The most that memory grows while something runs. */
function watchMemory() {
  globalThis.gc?.()
  const before = memoryUsage()
  const most = { heap: 0, rss: 0 }
  const signal = new AbortController()
  const timer = setInterval(() => {
    const now = memoryUsage()
    most.heap = Math.max(most.heap, now.heapUsed - before.heapUsed)
    most.rss = Math.max(most.rss, now.rss - before.rss)
  }, 5)
  signal.signal.addEventListener('abort', () => clearInterval(timer))
  return { signal, peak: () => ({ heap: Math.round(most.heap / 1e6), rss: Math.round(most.rss / 1e6) }) }
}
