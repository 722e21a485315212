import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from './ready.ts'
import { run } from './run.ts'
import { temporaryFolder } from './temporary.ts'

it('a command that is aborted has ended, with what it started, when that is told', async () => {
  using folder = temporaryFolder('run')
  const file = (name: string) => join(folder.path, name)
  const stop = new AbortController()
  const script = `trap 'exit 1' TERM; (trap 'sleep 0.5; touch ended; exit' TERM; touch began; while :; do sleep 0.02; done) & trap "kill $!; exit 1" TERM; wait`
  const running = run('the command', '/bin/sh', ['-c', script], { cwd: folder.path, timeoutMs: 60_000 }, stop.signal)
  await until('its beginning', async () => existsSync(file('began')) || undefined, { timeoutMs: 20_000 })
  stop.abort()
  await expect(running).rejects.toThrow('the command failed')
  expect(existsSync(file('ended'))).toBe(true)
})

it('what cannot be started is told by name', async () => {
  await expect(run('nothing', '/nowhere/nothing', [], { timeoutMs: 5_000 })).rejects.toThrow('nothing failed')
})
