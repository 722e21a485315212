// Takes the lock named by its first argument, says so, and holds it until its standard input ends; then lets it go, unless told to just exit.
import { once } from 'node:events'
import { acquireLock } from '../bootstrap/lock.mjs'

const [path = '', ending] = process.argv.slice(2)
const release = await acquireLock(path, { purpose: 'holding it for a test', onWait: (holder) => console.log(`waiting for ${holder.pid}`) })
console.log('held')
process.stdin.resume()
await once(process.stdin, 'end')
if (ending !== 'exit') release?.()
