import { numbers, openTestLedger } from './log.ts'

/** A writer process of the tests: appends until told to stop, then prints how many appends were accepted. argv: connection string, name, clients. */
const [url, name, clients] = process.argv.slice(2)
if (url === undefined || name === undefined) throw new Error('usage: writer URL NAME CLIENTS')
const ledger = await openTestLedger(url, { name: `writer-${name}`, migrateAs: false })
let running = true
let accepted = 0
process.once('message', () => {
  running = false
})
process.send?.('ready')
await Promise.all(
  Array.from({ length: Number(clients ?? 5) }, async (_, client) => {
    for (let i = 0; running; i++) {
      const shared = i % 3 === 0
      const result = await ledger.append(numbers(shared ? `shared-${client}` : `${name}-${client}`, 1 + (i % 3), 'any', i))
      if (result.outcome === 'ok') accepted += 1 + (i % 3)
    }
  }),
)
await ledger[Symbol.asyncDispose]()
process.send?.(accepted)
process.disconnect?.()
