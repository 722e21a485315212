import { counting } from './counting.ts'
import { openTestLedger } from './log.ts'

/** A process of the tests that runs the counting projection until it is killed. argv: connection string. */
const url = process.argv[2]
if (url === undefined) throw new Error('usage: runner URL')
const ledger = await openTestLedger(url, { name: 'runner', migrateAs: false, leaseMs: 1_000 })
process.send?.('ready')
await ledger.runProjection(counting(), new AbortController().signal)
