import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { executable, temporaryFolder } from '../testing/temporary-folder.ts'
import { cacheDir } from './cache-dir.mjs'
import { findNode, pinned } from './node-runtime.mjs'
import { Stop } from './stop.mjs'

test('FAIRLEAD_NODE and FAIRLEAD_PNPM come before everything else', () => {
  const folder = temporaryFolder()
  const env = {
    FAIRLEAD_CACHE: folder,
    FAIRLEAD_NODE: executable(join(folder, 'my-node')),
    FAIRLEAD_PNPM: executable(join(folder, 'my-pnpm')),
  }
  expect(findNode(env)).toMatchObject({ node: join(folder, 'my-node'), pnpm: join(folder, 'my-pnpm'), source: 'env' })
})

test('a FAIRLEAD_NODE that cannot be run is named', () => {
  expect(() => findNode({ FAIRLEAD_NODE: '/nowhere/node' })).toThrow(Stop)
  expect(() => findNode({ FAIRLEAD_NODE: '/nowhere/node' })).toThrow('FAIRLEAD_NODE=/nowhere/node is not an executable file')
})

test('a Node 24 of the machine is used as it is, with the pnpm of the cache', () => {
  const cache = temporaryFolder()
  const bin = join(cache, 'node', `${pinned.node}-pnpm-${pinned.pnpm}-${process.platform}-${process.arch}`, 'bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(process.execPath, join(bin, 'pnpm'))
  expect(findNode({ FAIRLEAD_CACHE: cache })).toMatchObject({ node: process.execPath, pnpm: join(bin, 'pnpm'), source: 'own' })
})

test('an empty cache and no pnpm on PATH means that they have to be installed', () => {
  expect(findNode({ FAIRLEAD_CACHE: temporaryFolder() })).toBeUndefined()
})

test('the cache is where FAIRLEAD_CACHE says, else below the home folder', () => {
  expect(cacheDir({ FAIRLEAD_CACHE: '/somewhere/cache' })).toBe('/somewhere/cache')
  expect(cacheDir({ HOME: '/somewhere/home' })).toBe('/somewhere/home/.cache/fairlead')
})
