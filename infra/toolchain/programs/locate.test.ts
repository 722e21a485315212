import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { executable, temporaryFolder } from '../testing/temporary-folder.ts'
import { tinyProgram } from '../testing/tiny-program.ts'
import { cachedPath } from './cached-path.ts'
import { locate } from './locate.ts'
import { ToolchainError } from './toolchain-error.ts'

/** A machine with a Go, on which the program may be in any of the places it is looked for. */
function machine() {
  const folder = temporaryFolder()
  const program = tinyProgram(join(folder, 'module'))
  const cache = join(folder, 'cache')
  executable(join(folder, 'go-bin', 'go'), 'echo "go version go1.26.8 linux/amd64"')
  const env: NodeJS.ProcessEnv = { PATH: join(folder, 'go-bin'), FAIRLEAD_CACHE: cache }
  return {
    folder,
    program,
    env,
    set: (version: string) => {
      env.FAIRLEAD_TINY = executable(join(folder, 'mine'), `echo tiny ${version}`)
    },
    putOnPath: (version: string) => {
      env.PATH = [join(folder, 'bin'), env.PATH].join(delimiter)
      return executable(join(folder, 'bin', 'tiny'), `echo tiny ${version}`)
    },
    putInCache: () => executable(cachedPath(program, cache, '1.26.8'), 'echo tiny'),
  }
}

test('the variable comes before PATH and the cache, whatever version it names', async () => {
  const { program, env, set, putOnPath, putInCache, folder } = machine()
  set('0.0.9')
  putOnPath('1.2.4')
  putInCache()
  expect(await locate(program, env)).toEqual({ path: join(folder, 'mine'), source: 'env', version: '0.0.9', why: 'FAIRLEAD_TINY is set' })
})

test('PATH comes before the cache at an accepted version', async () => {
  const { program, env, putOnPath, putInCache } = machine()
  const path = putOnPath('1.2.4')
  putInCache()
  expect(await locate(program, env)).toMatchObject({ path, source: 'path', version: '1.2.4' })
})

test.for([['1.1.9'], ['1.3.0'], ['of-its-own']])('%s on PATH is passed over, and that is said', async ([version]) => {
  const { program, env, putOnPath, putInCache } = machine()
  const onPath = putOnPath(version!)
  const cached = putInCache()
  const why = expect.stringMatching(`passed over ${onPath} .*not 1.2.0 or newer below 1.3.0`)
  expect(await locate(program, env)).toEqual({ path: cached, source: 'cache', version: '1.2.3', why })
})

test('a program that fails to tell its version is passed over', async () => {
  const { program, env, folder } = machine()
  executable(join(folder, 'bin', 'tiny'), 'echo tiny 1.2.4', 'exit 1')
  env.PATH = [join(folder, 'bin'), env.PATH].join(delimiter)
  expect(await locate(program, env)).toMatchObject({ source: 'to build' })
})

test('a program of our own is never taken from PATH', async () => {
  const { program, env, putOnPath } = machine()
  putOnPath('1.2.3')
  const { accepts: _accepts, ...own } = program
  expect(await locate(own, env)).toMatchObject({ source: 'to build' })
})

test('what is nowhere is to be built, to where it will be found', async () => {
  const { program, env, putInCache } = machine()
  const found = await locate(program, env)
  expect(found).toMatchObject({ source: 'to build', version: '1.2.3', why: 'not on this machine yet' })
  expect(putInCache()).toBe(found.path)
  expect(await locate(program, env)).toMatchObject({ source: 'cache', path: found.path })
})

test('a variable that names nothing to run is an error that says so, not a reason to look elsewhere', async () => {
  const { program, env, putInCache } = machine()
  putInCache()
  env.FAIRLEAD_TINY = '/nowhere/tiny'
  const error = await locate(program, env).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ToolchainError)
  expect(error).toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('FAIRLEAD_TINY=/nowhere/tiny'),
    next: expect.stringContaining('unset it'),
  })
})
