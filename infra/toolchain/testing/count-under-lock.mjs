// Adds to a number in a file, each time under a lock and in two steps: without the lock, additions get lost.
import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { acquireLock } from '../bootstrap/lock.mjs'

const [lock = '', counter = '', times = '0'] = process.argv.slice(2)
for (let round = 0; round < Number(times); round++) {
  const release = await acquireLock(lock, { purpose: 'counting' })
  const value = Number(readFileSync(counter, 'utf8'))
  for (let turn = 0; turn < 50; turn++) await setImmediate()
  writeFileSync(counter, String(value + 1))
  release?.()
}
