import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { start } from '../testing/child.ts'
import { executable, temporaryFolder } from '../testing/temporary-folder.ts'
import { checkRequirements, demandRequirements } from './requirements.mjs'

interface Machine {
  readonly go?: string
  readonly git?: string
  /** What `go env GOTOOLCHAIN` prints. */
  readonly toolchain?: string
}

/** An environment whose PATH holds only what this machine is said to have. */
function machine({ go, git, toolchain = 'auto' }: Machine): NodeJS.ProcessEnv {
  const bin = temporaryFolder()
  if (go) executable(join(bin, 'go'), `[ "$1" = env ] && { echo ${toolchain}; exit; }`, `echo "go version go${go} linux/amd64"`)
  if (git) executable(join(bin, 'git'), `echo "git version ${git}"`)
  return { PATH: bin }
}

const problems = async (env: NodeJS.ProcessEnv) =>
  (await checkRequirements(env)).flatMap((found) => (found.problem ? [`${found.name}: ${found.problem}`] : []))

test.for<[name: string, having: Machine]>([
  ['the oldest that will do', { go: '1.26.0', git: '2.30.0' }],
  ['newer ones', { go: '1.27.2', git: '3.1.0' }],
  ['a Go that may not obtain another one, but need not', { go: '1.26.8', git: '2.39.5', toolchain: 'local' }],
])('nothing is wrong with %s', async ([, having]) => {
  expect(await problems(machine(having))).toEqual([])
})

test.for<[name: string, having: Machine, expected: RegExp]>([
  ['no Go', { git: '2.39.5' }, /^go: Go is missing: Fairlead needs Go 1\.26 or newer; get it from https:/],
  ['an old Go', { go: '1.24.1', git: '2.39.5' }, /^go: Go 1\.24\.1 at .* is too old: Fairlead needs Go 1\.26\.0 or newer; get it from/],
  [
    'a Go too old for a module, which may not obtain another one',
    { go: '1.26.0', git: '2.39.5', toolchain: 'local' },
    /^go: Go 1\.26\.0 .* needs Go 1\.26\.4 or newer \(GOTOOLCHAIN=local/,
  ],
  ['no git', { go: '1.26.8' }, /^git: git is missing: Fairlead needs git 2\.30 or newer; get it from https:/],
  ['an old git', { go: '1.26.8', git: '2.17.1' }, /^git: git 2\.17\.1 at .* is too old: Fairlead needs git 2\.30 or newer/],
])('%s is named with what is needed and where to get it', async ([, having, expected]) => {
  expect(await problems(machine(having))).toEqual([expect.stringMatching(expected)])
})

test('all that is missing is named at once', async () => {
  await expect(demandRequirements({ env: machine({}) })).rejects.toThrow(/Go is missing.*\ngit is missing/)
})

test('a command is not stopped by what it does not use', async () => {
  await demandRequirements({ env: machine({ git: '2.39.5' }), without: ['go'] })
})

test('npm start on a machine without Go ends with code 2 and says what to do', async () => {
  const env = machine({ git: '2.39.5' })
  symlinkSync(process.execPath, join(env.PATH!, 'node'))
  const command = start(process.execPath, [fileURLToPath(new URL('../bin/start.mjs', import.meta.url))], {
    ...env,
    FAIRLEAD_CACHE: temporaryFolder(),
  })
  expect(await command.ended).toEqual({
    code: 2,
    signal: null,
    stderr: expect.stringMatching(/^fairlead: Go is missing: .*https:\/\/go\.dev\/dl/),
  })
})

test('a cache that cannot be written is named, with how to move it', async () => {
  const env = machine({ go: '1.26.8', git: '2.39.5' })
  const command = start(process.execPath, [fileURLToPath(new URL('../bin/lint.mjs', import.meta.url))], {
    ...env,
    FAIRLEAD_CACHE: '/dev/null/cache',
  })
  expect(await command.ended).toEqual({
    code: 2,
    signal: null,
    stderr: expect.stringMatching(/^fairlead: .*\/dev\/null\/cache.*\nfairlead: The cache \(FAIRLEAD_CACHE moves it\)/),
  })
})
