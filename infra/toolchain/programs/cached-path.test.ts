import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder, write } from '../testing/temporary-folder.ts'
import { tinyProgram } from '../testing/tiny-program.ts'
import { cachedPath } from './cached-path.ts'
import type { Program } from './table.ts'

const go = '1.26.8'
const at = (program: Program, goVersion = go) => cachedPath(program, '/cache', goVersion)

test('the path tells name and version, and a digest of what the build is made of', () => {
  expect(at(tinyProgram(temporaryFolder()))).toMatch(/^\/cache\/programs\/tiny-1\.2\.3-[0-9a-f]{16}\/tiny$/)
})

test('the same inputs in another checkout give the same path', () => {
  expect(at(tinyProgram(temporaryFolder()))).toBe(at(tinyProgram(temporaryFolder())))
})

test.for<[file: string, text: string]>([
  ['go.mod', 'module example.test/tiny\n\ngo 1.26.1\n'],
  ['go.sum', 'example.test/x v1.0.0 h1:abc=\n'],
])('another %s gives another path', ([file, text]) => {
  const module = temporaryFolder()
  const program = tinyProgram(module)
  const before = at(program)
  write(join(module, file), text)
  expect(at(program)).not.toBe(before)
})

test.for<Partial<Program>>([{ package: './cmd' }, { ldflags: '-X main.version=1' }, { version: '1.2.4' }])(
  '%j gives another path',
  (change) => {
    const program = tinyProgram(temporaryFolder())
    expect(at({ ...program, ...change })).not.toBe(at(program))
  },
)

test('another minor version of Go gives another path, another patch does not', () => {
  const program = tinyProgram(temporaryFolder())
  expect(at(program, '1.26.9')).toBe(at(program))
  expect(at(program, '1.27.0')).not.toBe(at(program))
})

test('sources count when they are ours, and only then', () => {
  const module = temporaryFolder()
  const pinned = tinyProgram(module)
  const own = tinyProgram(module, { ownSources: true })
  const [pinnedBefore, ownBefore] = [at(pinned), at(own)]
  write(join(module, 'extra.go'), 'package main\n')
  expect(at(pinned)).toBe(pinnedBefore)
  expect(at(own)).not.toBe(ownBefore)
  write(join(module, 'notes.md'), 'not a source\n')
  expect(at(own)).not.toBe(ownBefore)
  rmSync(join(module, 'extra.go'))
  expect(at(own)).toBe(ownBefore)
})

test('a module without its checksums is not built from', () => {
  const module = temporaryFolder()
  const program = tinyProgram(module)
  rmSync(join(module, 'go.sum'))
  expect(() => at(program)).toThrow(/no go\.mod and go\.sum/)
})
