import { createHmac, randomBytes } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { Queryable } from '../sql/connections.ts'
import type { Sealer } from '../store/sealer.ts'

/** How long a key stays in memory: an erasure in another process is complete after this. */
const keepMs = 60_000
const maxKept = 10_000

/** Under this name lies the key that pseudonyms are made with: no person, so never erased. */
const pseudonyms = '~pseudonyms'

/**
 * One random key for each person, wrapped under the data key. Erasing destroys the key: every event and proof stays as it is, and nothing
 * that was sealed for that person can be read again, here or in a backup of the log (backups of this one table must be kept shorter).
 */
export class SubjectKeys {
  readonly #pool: pg.Pool
  readonly #sealer: Sealer
  readonly #kept = new Map<string, { readonly key: Buffer | undefined; readonly until: number }>()

  constructor(pool: pg.Pool, sealer: Sealer) {
    this.#pool = pool
    this.#sealer = sealer
  }

  /** The keys that are in memory; `undefined` when one of them has to be asked for. */
  known(subjects: readonly string[]): Map<string, Buffer | undefined> | undefined {
    const found = new Map<string, Buffer | undefined>()
    const now = Date.now()
    for (const subject of subjects) {
      const kept = this.#kept.get(subject)
      if (!kept || kept.until < now) return undefined
      found.set(subject, kept.key)
    }
    return found
  }

  /**
   * The subject of a person known by an e-mail address or account: the same in every process and for ever, and nothing that can be computed, or
   * guessed and tried, without this ledger's own key. Upper and lower case and space around it make no difference.
   */
  async pseudonym(identity: string): Promise<string> {
    const key = (await this.forSealing([pseudonyms])).get(pseudonyms)
    if (!key) throw new FairleadError('INTERNAL', 'the key of the pseudonyms has been destroyed')
    return `person-${createHmac('sha256', key).update(identity.trim().toLowerCase()).digest('hex').slice(0, 24)}`
  }

  /** Keys to seal with; made for a subject that has none. A subject that has been erased has none and never will. */
  async forSealing(subjects: readonly string[]): Promise<Map<string, Buffer | undefined>> {
    const wanted = [...new Set(subjects)].sort()
    return this.known(wanted) ?? (await this.#load(wanted, true))
  }

  /** Keys to open with; nothing for a subject that has been erased. */
  async forOpening(subjects: readonly string[]): Promise<Map<string, Buffer | undefined>> {
    const wanted = [...new Set(subjects)]
    return this.known(wanted) ?? (await this.#load(wanted, false))
  }

  /** Whether something was sealed for a subject, and can be opened. */
  async state(subject: string): Promise<'recorded' | 'erased' | 'unknown'> {
    const { rows } = await this.#pool.query<{ kept: boolean }>(
      'SELECT wrapped_key IS NOT NULL AS kept FROM fairlead.subject_keys WHERE subject_id = $1',
      [subject],
    )
    if (!rows[0]) return 'unknown'
    return rows[0].kept ? 'recorded' : 'erased'
  }

  /**
   * Destroys the key. False when it had been destroyed before, or never existed; then no key will ever be made for this subject. In a transaction
   * of the caller's it takes effect when that commits: call `forget` then.
   */
  async erase(subject: string, tx?: Queryable): Promise<boolean> {
    if (subject === pseudonyms) return false
    const db = tx ?? this.#pool
    const { rowCount } = await db.query(
      'UPDATE fairlead.subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject_id = $1 AND wrapped_key IS NOT NULL',
      [subject],
    )
    if (rowCount === 0) {
      await db.query(
        'INSERT INTO fairlead.subject_keys (subject_id, destroyed_at) VALUES ($1, now()) ON CONFLICT (subject_id) DO NOTHING',
        [subject],
      )
    }
    if (!tx) this.forget(subject)
    return rowCount === 1
  }

  /** Drops the key of an erased subject from this process's memory. */
  forget(subject: string): void {
    this.#kept.set(subject, { key: undefined, until: Date.now() + keepMs })
  }

  /** Wraps again, under the current data key, what another one has wrapped; returns how many. 0: the old data key can go. */
  async rewrap(limit = 1_000): Promise<number> {
    const { rows } = await this.#pool.query<{ subject_id: string; wrapped_key: Buffer }>(
      'SELECT subject_id, wrapped_key FROM fairlead.subject_keys WHERE substring(wrapped_key FOR 5) <> $1 LIMIT $2',
      [this.#sealer.currentPrefix(), limit],
    )
    for (const { subject_id: subject, wrapped_key: wrapped } of rows) {
      const again = this.#wrap(subject, this.#unwrap(subject, wrapped))
      await this.#pool.query('UPDATE fairlead.subject_keys SET wrapped_key = $3 WHERE subject_id = $1 AND wrapped_key = $2', [
        subject,
        wrapped,
        again,
      ])
    }
    return rows.length
  }

  async #load(subjects: readonly string[], make: boolean): Promise<Map<string, Buffer | undefined>> {
    if (make) {
      await this.#pool.query(
        'INSERT INTO fairlead.subject_keys (subject_id, wrapped_key) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT (subject_id) DO NOTHING',
        [subjects, subjects.map((subject) => this.#wrap(subject, randomBytes(32)))],
      )
    }
    const { rows } = await this.#pool.query<{ subject_id: string; wrapped_key: Buffer | null }>(
      'SELECT subject_id, wrapped_key FROM fairlead.subject_keys WHERE subject_id = ANY ($1)',
      [subjects],
    )
    const stored = new Map(rows.map((row) => [row.subject_id, row.wrapped_key]))
    const until = Date.now() + keepMs
    const keys = new Map<string, Buffer | undefined>()
    for (const subject of subjects) {
      const wrapped = stored.get(subject)
      const key = wrapped ? this.#unwrap(subject, wrapped) : undefined
      keys.set(subject, key)
      if (wrapped !== undefined) this.#kept.set(subject, { key, until })
    }
    for (const subject of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break
      this.#kept.delete(subject)
    }
    return keys
  }

  #wrap(subject: string, key: Buffer): Buffer {
    return this.#sealer.seal(key, Buffer.from(`fairlead.subject.v1\n${subject}`, 'utf8'))
  }

  #unwrap(subject: string, wrapped: Buffer): Buffer {
    return this.#sealer.open(wrapped, Buffer.from(`fairlead.subject.v1\n${subject}`, 'utf8'))
  }
}
