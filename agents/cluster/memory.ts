import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// An agent stands beside somebody else's cluster and mostly waits: the memory that V8 takes in order to collect less often is worth more there than the few per
// cent of the agent's own little CPU time.

/** Keeps the young generation at its first size, 2 MB instead of up to 64. Imported first by the process, because that space does not shrink again soon. */
setFlagsFromString('--semi-space-growth-factor=1')

const quietMs = 10_000
let timer: NodeJS.Timeout | undefined

/** Gives back what a burst of work has left behind, once it has been quiet for ten seconds: V8 by itself keeps it until the next burst. */
export function tidySoon(): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (options: object) => void
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, quietMs).unref()
}
