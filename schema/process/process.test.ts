import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { environment, environmentFile, environmentPort, serveHealth } from './index.ts'

afterEach(() => vi.unstubAllEnvs())

describe('environment', () => {
  test('a missing variable is named', () => {
    expect(() => environment('FAIRLEAD_NO_SUCH')).toThrow(/FAIRLEAD_NO_SUCH is not set/)
  })

  test('a file is read without the white space around it and never shown', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-env-'))
    writeFileSync(join(folder, 'secret'), 'hunter2\n')
    vi.stubEnv('FAIRLEAD_X', join(folder, 'secret'))
    expect(environmentFile('FAIRLEAD_X').reveal()).toBe('hunter2')
    expect(String(environmentFile('FAIRLEAD_X'))).not.toContain('hunter2')
    rmSync(folder, { recursive: true })
    expect(() => environmentFile('FAIRLEAD_X')).toThrow(/cannot be read/)
  })

  test.each([
    ['7480', 7480],
    ['', undefined],
  ])('port %j', (value, expected) => {
    vi.stubEnv('FAIRLEAD_X', value)
    expect(environmentPort('FAIRLEAD_X')).toBe(expected)
  })

  test.each(['http', '-1', '70000', '1.5'])('%j is no port', (value) => {
    vi.stubEnv('FAIRLEAD_X', value)
    expect(() => environmentPort('FAIRLEAD_X')).toThrow(/no port number/)
  })
})

test('health tells readiness and its reason', async () => {
  let reason: string | undefined = 'starting'
  await using health = await serveHealth(0, () => reason)
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`)
    return [response.status, (await response.text()).trim()]
  }
  expect(await get('/readyz')).toEqual([503, 'starting'])
  expect(await get('/healthz')).toEqual([200, 'ok'])
  reason = undefined
  expect(await get('/readyz')).toEqual([200, 'ok'])
  expect((await get('/other'))[0]).toBe(404)
})
