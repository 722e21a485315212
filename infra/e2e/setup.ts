import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@fairlead/local'
import type { TestProject } from 'vitest/node'

// One stack for the whole run, started and stopped by the very commands that a user types.

const main = fileURLToPath(new URL('../local/main.ts', import.meta.url))

declare module 'vitest' {
  export interface ProvidedContext {
    /** Data folder of the running stack. */
    data: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = temporaryFolder('e2e')
  const data = join(folder.path, 'data')
  const environment = { ...process.env, FAIRLEAD_DATA: data, FAIRLEAD_AUDIT: '1' }
  const log = join(folder.path, 'start.log')
  const code = await run(['start', '--detach'], environment, log)
  if (code !== 0) {
    const said = readFileSync(log, 'utf8').slice(-4_000)
    await run(['stop'], environment, log)
    throw new Error(`the stack did not become healthy:\n${said}`)
  }
  project.provide('data', data)
  return async () => {
    await run(['stop'], environment, log)
    folder[Symbol.dispose]()
  }
}

function run(args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const log = createWriteStream(logFile, { flags: 'a' })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    child.once('error', reject)
    // Not at its exit: what it said last may still be on its way.
    child.once('close', (code) => {
      log.end()
      resolve(code ?? 1)
    })
  })
}
