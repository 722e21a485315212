import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findOnPath } from '../bootstrap/commands.mjs'
import { processStart } from '../bootstrap/process-identity.mjs'
import { startScript } from '../testing/child.ts'
import { executable, temporaryFolder, write } from '../testing/temporary-folder.ts'
import { tinyProgram } from '../testing/tiny-program.ts'
import { resolve } from './resolve.ts'

const patient = { timeout: 60_000 }

/**
 * A tiny Go module to build with the real Go, and an empty cache. Each build is noted by a `go` that stands before the real one on PATH;
 * with `gate` it starts only when the gate is opened.
 */
function workshop({ gate = false } = {}) {
  const folder = temporaryFolder()
  const open = join(folder, 'open')
  if (!gate) write(open, '')
  const module = join(folder, 'module')
  const builds = join(folder, 'builds')
  const go = findOnPath('go')
  executable(
    join(folder, 'bin', 'go'),
    `[ "$1" = build ] && echo $$ >> ${builds} && until [ -e ${open} ]; do sleep 0.02; done`,
    `exec ${go} "$@"`,
  )
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, FAIRLEAD_CACHE: join(folder, 'cache') }
  const lines: string[] = []
  return {
    module,
    env,
    lines,
    openGate: () => write(open, ''),
    options: { env, log: (line: string) => lines.push(line) },
    /** Process ids of the builds so far. */
    builds: () => (existsSync(builds) ? readFileSync(builds, 'utf8').trim().split('\n').map(Number) : []),
    cached: () =>
      readdirSync(join(folder, 'cache', 'programs'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
  }
}

test('what is nowhere is built from its module, and found in the cache from then on', async () => {
  const { module, options, lines, builds } = workshop()
  const program = tinyProgram(module)
  const built = await resolve(program, options)
  expect(built).toMatchObject({ source: 'built', version: '1.2.3' })
  expect(spawnSync(built.path, { encoding: 'utf8' }).stderr).toBe('tiny 1.2.3\n')
  expect(lines).toEqual(['building tiny 1.2.3 (usually 1 s)', expect.stringMatching(/^built tiny 1\.2\.3 \(\d+ s\)$/)])
  expect(await resolve(program, options)).toEqual({ ...built, source: 'cache' })
  expect(builds()).toHaveLength(1)
})

test('asked for twice at once it is built once', async () => {
  const { module, options, builds } = workshop()
  const program = tinyProgram(module)
  const sources = (await Promise.all([resolve(program, options), resolve(program, options)])).map((found) => found.source)
  expect(sources.sort()).toEqual(['built', 'cache'])
  expect(builds()).toHaveLength(1)
})

test('two processes with one cache build once, and the second says for whom it waits', async () => {
  const { module, env, builds, openGate } = workshop({ gate: true })
  const first = startScript('resolve-tiny.ts', [module], env)
  expect(await first.line()).toBe('building tiny 1.2.3 (usually 1 s)')
  const second = startScript('resolve-tiny.ts', [module], env)
  expect(await second.line()).toMatch(
    new RegExp(`^waiting for tiny: process ${first.process.pid} on .* is building tiny for the same cache$`),
  )
  openGate()
  expect(await first.line()).toMatch(/^built tiny/)
  expect(await first.line()).toBe('built')
  expect(await second.line()).toBe('cache')
  expect(builds()).toHaveLength(1)
})

test('a build whose process was killed is made again by the one that waited', async () => {
  const { module, env, builds, openGate } = workshop({ gate: true })
  const killed = startScript('resolve-tiny.ts', [module], env)
  expect(await killed.line()).toMatch(/^building tiny/)
  const second = startScript('resolve-tiny.ts', [module], env)
  expect(await second.line()).toMatch(/^waiting for tiny/)
  // It says that it builds before it has started Go.
  await expect.poll(builds, patient).toHaveLength(1)
  killed.process.kill('SIGKILL')
  openGate()
  expect(await second.line()).toMatch(/^building tiny/)
  expect(await second.line()).toMatch(/^built tiny/)
  expect(await second.line()).toBe('built')
  const [orphan, ...others] = builds()
  expect(others).toHaveLength(1)
  // The killed one's Go goes on, and writes to the folder that is about to go.
  await expect.poll(() => processStart(orphan!), patient).toBeUndefined()
})

test('a module that does not compile fails with what Go said and leaves nothing in the cache', async () => {
  const { module, options, cached } = workshop()
  const program = tinyProgram(module)
  write(join(module, 'main.go'), 'package main\n\nfunc main() { undeclared() }\n')
  await expect(resolve(program, options)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('undefined: undeclared'),
  })
  expect(cached()).toEqual([])
})

test('without Go the error says what to install', async () => {
  const { module, options } = workshop()
  const program = tinyProgram(module)
  await expect(resolve(program, { ...options, env: { ...options.env, PATH: temporaryFolder() } })).rejects.toMatchObject({
    next: expect.stringContaining('Go 1.26'),
  })
})

test('a stopped build leaves nothing in the cache, and the next one succeeds', async () => {
  const { module, options, lines, cached } = workshop()
  const program = tinyProgram(module)
  const controller = new AbortController()
  const log = (line: string) => {
    lines.push(line)
    controller.abort(new Error('stopped by the user'))
  }
  await expect(resolve(program, { ...options, log, signal: controller.signal })).rejects.toThrow('stopped by the user')
  expect(lines.at(-1)).toMatch(/stopped building tiny/)
  expect(cached()).toEqual([])
  expect(await resolve(program, options)).toMatchObject({ source: 'built' })
})

test("the user's own settings for other builds do not reach ours", async () => {
  const { module, options } = workshop()
  const env = { ...options.env, GOFLAGS: '-mod=vendor', GOOS: 'plan9', CGO_ENABLED: '1', GOWORK: join(module, 'go.work') }
  const { path } = await resolve(tinyProgram(module), { ...options, env })
  expect(spawnSync(path, { encoding: 'utf8' }).stderr).toBe('tiny 1.2.3\n')
})
