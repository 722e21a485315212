import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isFree } from '../process/ports.ts'
import { until } from '../process/ready.ts'
import { temporaryFolder } from '../process/temporary.ts'
import { query } from './database.ts'
import { removeShelter } from './owner.ts'
import { startPostgres } from './start.ts'

it('starts, keeps its data over a restart, and leaves nothing behind', async () => {
  using folder = temporaryFolder('postgres')
  let port: number
  {
    await using postgres = await startPostgres({ dir: folder.path })
    port = postgres.port
    const ledger = await postgres.database('ledger')
    expect(await postgres.database('ledger')).toBe(ledger)
    await query(ledger, 'CREATE TABLE facts (fact text)')
    await query(ledger, 'INSERT INTO facts VALUES ($1)', ['kept'])
    expect(await query(ledger, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  }
  expect(await isFree(port)).toBe(true)
  await using again = await startPostgres({ dir: folder.path, port })
  expect(await query(await again.database('ledger'), 'SELECT fact FROM facts')).toEqual([{ fact: 'kept' }])
})

it('admits nobody without the password, which only its owner can read', async () => {
  using folder = temporaryFolder('postgres')
  await using postgres = await startPostgres({ dir: folder.path })
  const guess = new URL(postgres.url)
  guess.password = 'postgres'
  await expect(query(guess.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  expect(statSync(join(folder.path, 'password')).mode & 0o777).toBe(0o600)
})

it('recovers from a first start that was interrupted', async () => {
  using folder = temporaryFolder('postgres')
  const stop = AbortSignal.timeout(5)
  await expect(startPostgres({ dir: folder.path }, stop)).rejects.toThrow()
  await using postgres = await startPostgres({ dir: folder.path })
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

it('starts again while sessions of a killed server still end', async () => {
  using folder = temporaryFolder('postgres')
  await using killed = await startPostgres({ dir: folder.path })
  const sessions = Array.from({ length: 5 }, () =>
    query(killed.url, 'SELECT sum(i) FROM generate_series(1, 2000000) i').catch(() => undefined),
  )
  await until(
    'sessions',
    async () => ((await query(killed.url, 'SELECT 1 FROM pg_stat_activity WHERE state = $1', ['active'])).length > 5 ? true : undefined),
    {
      timeoutMs: 20_000,
    },
  )
  killed.program.kill('SIGKILL')
  await killed.program.exited
  await using again = await startPostgres({ dir: folder.path, port: killed.port })
  expect(await query(again.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await Promise.all(sessions)
})

it('works below a folder that only root may enter', async () => {
  using folder = temporaryFolder('postgres')
  const { chmodSync } = await import('node:fs')
  chmodSync(folder.path, 0o700)
  const dir = join(folder.path, 'private')
  {
    await using postgres = await startPostgres({ dir })
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  }
  removeShelter(dir)
})
