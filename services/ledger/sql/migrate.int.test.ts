import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { counting, rowsOf } from '../testing/counting.ts'
import { numbers, openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { migrate } from './migrate.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

function as(url: string, user: string): string {
  const login = new URL(url)
  login.username = user
  login.password = 'secret'
  return login.href
}

it('needs no superuser: an owner of the database migrates, and a login with the two roles alone runs everything', async () => {
  const url = await postgres.createDatabase()
  const database = new URL(url).pathname.slice(1)
  await run(
    url,
    `CREATE ROLE migrator LOGIN CREATEROLE PASSWORD 'secret'`,
    `CREATE ROLE hub LOGIN PASSWORD 'secret'`,
    `ALTER DATABASE ${database} OWNER TO migrator`,
  )
  await migrate(as(url, 'migrator'))
  await run(url, 'GRANT fairlead_app, fairlead_projector TO hub')
  await using ledger = await openTestLedger(as(url, 'hub'), { migrateAs: false })
  await ledger.append(numbers('s', 5))
  const stop = new AbortController()
  const running = ledger.runProjection(counting(), stop.signal)
  await ledger.waitFor('counting', 5, 30_000)
  expect(await rowsOf(ledger)).toEqual([{ stream: 's', events: 5, last: 5 }])
  expect(await ledger.verify()).toMatchObject({ ok: true, events: 5 })
  await ledger.blobs.put({ a: 1 })
  stop.abort()
  await running
  await expect(run(as(url, 'hub'), 'DELETE FROM fairlead.events')).rejects.toMatchObject({ code: '42501' })
  await expect(run(as(url, 'hub'), 'SET ROLE fairlead_owner')).rejects.toMatchObject({ code: '42501' })
})

it('says who may not do what, and what to do, when the login lacks a right', async () => {
  const url = await postgres.createDatabase()
  const database = new URL(url).pathname.slice(1)
  await run(url, `CREATE ROLE stranger LOGIN PASSWORD 'secret'`)
  const refused = { code: 'FORBIDDEN', next: 'connect to a database that stranger owns, as a role with CREATEROLE' }
  await expect(migrate(as(url, 'stranger'))).rejects.toMatchObject({
    ...refused,
    message: `stranger may not make Fairlead's schema in ${database}: permission denied for database ${database}`,
  })
})

it('is done once, however many start at the same time', async () => {
  const url = await postgres.createDatabase()
  const done = await Promise.all(Array.from({ length: 4 }, () => migrate(url)))
  expect(done.filter((names) => names.length > 0)).toHaveLength(1)
  expect(await migrate(url)).toEqual([])
})

it('refuses a migration that was edited after it had been applied', async () => {
  const url = await postgres.createDatabase()
  await migrate(url)
  await run(url, `UPDATE fairlead.migrations SET sha256 = 'other' WHERE name LIKE '0002%'`)
  await expect(migrate(url)).rejects.toThrow(/0002-log.sql was edited/)
})
