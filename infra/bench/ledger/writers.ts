import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { LoadResult } from './workload.ts'

/** Events a second of `processes` writer processes on one log, each with `clients` clients of its own. */
export async function severalWriters(url: string, processes: number, clients: number, seconds: number): Promise<number> {
  const children: ChildProcess[] = []
  for (let number = 0; number < processes; number++) {
    const argv = [url, number, processes, clients, seconds].map(String)
    const child = fork(new URL('./writer.ts', import.meta.url), argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    children.push(child)
    await once(child, 'message')
  }
  const results = await Promise.all(
    children.map(async (child) => {
      const answer = once(child, 'message')
      child.send('go')
      const [result] = (await answer) as [LoadResult]
      return result
    }),
  )
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
  return results.reduce((sum, result) => sum + result.events / result.seconds, 0)
}
