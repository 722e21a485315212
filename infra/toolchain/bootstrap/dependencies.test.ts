import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { executable, temporaryFolder, write } from '../testing/temporary-folder.ts'
import { dependenciesInstalled, ensureDependencies } from './dependencies.mjs'
import { Progress } from './progress.mjs'

/** A checkout with a lock file, and a pnpm that notes each of its calls and then does what the lines say. */
function checkoutWith(...pnpm: readonly string[]) {
  const root = temporaryFolder()
  write(join(root, 'pnpm-lock.yaml'), 'lockfileVersion: 9\n')
  write(join(root, 'pnpm-workspace.yaml'), 'packages: []\n')
  mkdirSync(join(root, 'node_modules'))
  const calls = join(root, 'calls')
  const runtime = {
    node: process.execPath,
    version: '24.0.0',
    source: 'own',
    pnpm: executable(join(root, 'pnpm'), `echo "$@" >> ${calls}`, ...pnpm),
  } as const
  const progress = new Progress({ write: () => true })
  const env = { PATH: process.env.PATH, FAIRLEAD_CACHE: join(root, 'cache') }
  return {
    root,
    ensure: () => ensureDependencies({ runtime, progress, root, env }),
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
  }
}

test('dependencies are installed once for one lock file, from the lock file alone', async () => {
  const { root, ensure, calls } = checkoutWith()
  expect(dependenciesInstalled(root)).toBe(false)
  await ensure()
  await ensure()
  expect(dependenciesInstalled(root)).toBe(true)
  expect(calls()).toEqual([expect.stringContaining('install --frozen-lockfile')])
})

test('a changed lock file installs again', async () => {
  const { root, ensure, calls } = checkoutWith()
  await ensure()
  write(join(root, 'pnpm-lock.yaml'), 'lockfileVersion: 9\npackages: {}\n')
  expect(dependenciesInstalled(root)).toBe(false)
  await ensure()
  expect(calls()).toHaveLength(2)
})

test('two at once install once', async () => {
  const { ensure, calls } = checkoutWith()
  await Promise.all([ensure(), ensure()])
  expect(calls()).toHaveLength(1)
})

test('a package.json that the lock file does not know is told apart from a failing network', async () => {
  const { ensure } = checkoutWith('echo ERR_PNPM_OUTDATED_LOCKFILE', 'exit 1')
  await expect(ensure()).rejects.toThrow(/A package\.json was changed: run .*pnpm install, and commit pnpm-lock\.yaml/)
})

test('a failed installation shows what pnpm said and is tried again next time', async () => {
  const { root, ensure } = checkoutWith('echo ERR_PNPM_NO_NETWORK', 'exit 1')
  await expect(ensure()).rejects.toThrow(/ERR_PNPM_NO_NETWORK[\s\S]*run the command again/)
  expect(dependenciesInstalled(root)).toBe(false)
})
