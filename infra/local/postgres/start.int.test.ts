import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
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
  const stop = new AbortController()
  const interrupted = startPostgres({ dir: folder.path }, stop.signal)
  interrupted.catch(() => undefined)
  await until('its beginning', async () => existsSync(join(folder.path, 'data', 'PG_VERSION')) || undefined, { timeoutMs: 20_000 })
  stop.abort()
  await expect(interrupted).rejects.toThrow()
  await using postgres = await startPostgres({ dir: folder.path })
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

it('starts again while sessions of a killed server still end', async () => {
  using folder = temporaryFolder('postgres')
  await using killed = await startPostgres({ dir: folder.path })
  // Sessions that are too busy to notice that their server has gone, until a file appears.
  const busy = `DO $$ BEGIN WHILE (pg_stat_file('over', true)).size IS NULL LOOP END LOOP; END $$`
  const sessions = Array.from({ length: 3 }, () => query(killed.url, busy).catch(() => undefined))
  const active = () => query(killed.url, `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'`)
  await until('sessions', async () => (await active()).length === 3 || undefined, { timeoutMs: 20_000 })
  killed.program.kill('SIGKILL')
  await killed.program.exited
  const starting = startPostgres({ dir: folder.path, port: killed.port })
  const said = () => readFileSync(join(folder.path, 'postgres.log'), 'utf8')
  await until('a refusal', async () => said().includes('pre-existing shared memory block') || undefined, { timeoutMs: 20_000 })
  writeFileSync(join(folder.path, 'data', 'over'), '')
  await using again = await starting
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
