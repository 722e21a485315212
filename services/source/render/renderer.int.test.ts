import { createHash } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rendererPath } from '../testing/workshop.ts'
import type { InputFile, RenderRequest } from './protocol.ts'
import { Renderer, type RendererOptions } from './renderer.ts'

const blobs = new Map<string, Buffer>()
const contents = async (id: string) => blobs.get(id)!
const blob = (text: string) => {
  const id = createHash('sha1').update(text).digest('hex')
  blobs.set(id, Buffer.from(text))
  return id
}
const plain = (name: string): RenderRequest => ({
  tool: 'directory',
  path: '.',
  files: [['a.yaml', blob(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`)]],
  options: { manifests: ['a.yaml'] },
})
const template = (text: string, values = ''): RenderRequest => ({
  tool: 'helm',
  path: '.',
  files: [
    ['Chart.yaml', blob('apiVersion: v2\nname: x\nversion: 1.0.0\n')],
    ['templates/x.yaml', blob(text)],
  ] satisfies InputFile[],
  options: { values },
  release: { name: 'x', namespace: 'y' },
})
const endless = template('{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}')
const greedy = template('{{ range until 100000 }}{{ $x := repeat 20000000 "x" }}{{ set $.Values (toString .) $x | len }}{{ end }}')

const open: Renderer[] = []
const start = async (options: Partial<RendererOptions> = {}) => {
  const renderer = await Renderer.start({ path: await rendererPath(), workers: 3, ...options })
  open.push(renderer)
  return renderer
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((renderer) => renderer[Symbol.asyncDispose]()))
})
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'rendered',
    (error: unknown) => (FairleadError.is(error) ? error.code : error),
  )

describe('a render that goes wrong takes nothing with it', () => {
  it.each([
    ['takes too long', endless, { timeoutMs: 1_000 }, 'RENDER_TIMEOUT'],
    ['takes too much memory', greedy, { memoryMiB: 256 }, 'SOURCE_LIMIT'],
  ] as const)('when it %s', async (_, bad, options, expected) => {
    const restarts: string[] = []
    const renderer = await start({ ...options, onRestart: (why) => restarts.push(why) })
    const before = renderer.pid
    const others = Array.from({ length: 40 }, (_, i) => plain(`m${i}`))
    const results = await Promise.all([
      ...others.slice(0, 20).map((request) => code(renderer.render(request, contents))),
      code(renderer.render(bad, contents)),
      ...others.slice(20).map((request) => code(renderer.render(request, contents))),
    ])
    expect(results.toSpliced(20, 1)).toEqual(Array(40).fill('rendered'))
    expect(results[20]).toBe(expected)
    expect(restarts.length).toBeGreaterThan(0)
    expect(renderer.pid).not.toBe(before)
  })

  it('when the process dies under it again and again', async () => {
    const renderer = await start()
    const killed = new Set<number>()
    const guilty = code(renderer.render(endless, contents))
    let settled = false
    void guilty.then(() => (settled = true))
    while (!settled) {
      const pid = await vi.waitUntil(() => settled || (renderer.pid && !killed.has(renderer.pid) && renderer.pid), { timeout: 20_000 })
      if (typeof pid !== 'number') break
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
    expect(await guilty).toBe('RENDER_CRASHED')
    expect(killed.size).toBeGreaterThanOrEqual(2)
    expect(await code(renderer.render(plain('after'), contents))).toBe('rendered')
  })

  it('when its process is killed from outside', async () => {
    const renderer = await start()
    const results = Array.from({ length: 50 }, (_, i) => code(renderer.render(plain(`k${i}`), contents)))
    process.kill(renderer.pid!, 'SIGKILL')
    expect(await Promise.all(results)).toEqual(Array(50).fill('rendered'))
  })
})

it('sends contents again that the process has dropped', async () => {
  const renderer = await start({ blobsMiB: 1 })
  const big = (i: number): RenderRequest => ({
    ...plain('x'),
    files: [['a.yaml', blob(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b${i} }\ndata: { x: "${'y'.repeat(400_000)}" }\n`)]],
  })
  for (const i of [0, 1, 2, 3, 0, 1, 2, 3]) expect(await renderer.render(big(i), contents)).toHaveLength(1)
})

it('stops waiting for a render that nobody wants any more', async () => {
  const renderer = await start({ workers: 1, timeoutMs: 2_000 })
  const stop = new AbortController()
  const running = code(renderer.render(endless, contents, stop.signal))
  const waiting = code(renderer.render(plain('z'), contents, stop.signal))
  stop.abort()
  expect(await Promise.all([running, waiting])).toEqual(['TIMEOUT', 'TIMEOUT'])
  expect(await code(renderer.render(plain('after'), contents))).toBe('rendered')
})

it('refuses work after it is closed and says so when the program cannot run', async () => {
  const renderer = await start()
  await renderer[Symbol.asyncDispose]()
  expect(await code(renderer.render(plain('x'), contents))).toBe('RENDER_CRASHED')
  expect(await code(Renderer.start({ path: '/nowhere/renderer' }))).toBe('TOOL_MISSING')
  expect(await code(Renderer.start({ path: process.execPath }))).toBe('TOOL_MISSING')
})

describe('templates, queries and versions', () => {
  it('expands every string and key with sprig, each set by itself', async () => {
    const renderer = await start()
    const value = {
      metadata: { name: '{{ .env | lower }}-{{ .n }}', '{{ .env }}': 1 },
      list: ['{{ normalize .dirty }}', '{{ slugify 10 true .dirty }}', true],
    }
    const results = await renderer.template(value, [{ env: 'DEV', n: 1, dirty: 'Feature/Ärger_x' }, { env: 'x' }], ['missingkey=error'])
    expect(results[0]).toEqual({ metadata: { name: 'dev-1', DEV: 1 }, list: ['feature--rger-x', 'feature', true] })
    expect(results[1]).toMatchObject({ code: 'RENDER_TEMPLATE' })
  })

  it.each(['env', 'expandenv', 'getHostByName'])('has no %s', async (name) => {
    const renderer = await start()
    const [result] = await renderer.template(`{{ ${name} "HOME" }}`, [{}])
    expect(result).toMatchObject({ code: 'RENDER_TEMPLATE' })
  })

  it('answers jq expressions without environment, within limits', async () => {
    const renderer = await start()
    expect(await renderer.query('.a[] | .b', { a: [{ b: 1 }, { b: 2 }] })).toEqual([1, 2])
    expect(await renderer.query('env | length', null)).toEqual([0])
    expect(await code(renderer.query('[range(100000)] | .[]', null))).toBe('SOURCE_LIMIT')
    expect(await code(renderer.query('def f: f; f', null))).toBe('RENDER_TEMPLATE')
  })

  it.each([
    ['>=1.0.0 <2.0.0', '1.9.9'],
    ['~1.2', 'v1.2.3'],
    ['^0.3.0 || ^3', '3.1.0'],
    ['1.x', '1.9.9'],
    ['*', '3.1.0'],
    ['>=3.0.0-0', '4.0.0-rc.1'],
    ['>9', undefined],
  ])('matches %s', async (range, expected) => {
    const renderer = await start()
    const tags = ['v1.2.3', '1.2.0', '1.9.9', '0.3.7', '3.1.0', '4.0.0-rc.1', 'latest']
    expect(await renderer.matchVersion(range, tags)).toEqual({ valid: true, ...(expected && { match: expected }) })
  })
})
