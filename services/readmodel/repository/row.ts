import {
  DeclarationFailed,
  type RecordedError,
  RepositoryFailed,
  RepositoryRecovered,
  RepositoryRegistered,
  RepositoryRevisionObserved,
  RepositoryRevisionProcessed,
} from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { RowSet, VersionedRow } from '../validity/row-set.ts'
import type { VersionedTable } from '../validity/table.ts'

/** Broken declarations kept for one commit; more are counted only. */
const maxFailures = 50

/** One Git repository: what was last seen in it and what became of it. */
export interface RepositoryRow extends VersionedRow {
  readonly url: string
  readonly role: 'fleet' | 'source'
  readonly path: string
  readonly revision: string
  /** The newest commit seen and the ref that pointed to it. */
  readonly ref: string | null
  readonly commit: string | null
  readonly subject: string | null
  readonly observed_at: string | null
  /** The newest commit of which everything was declared and rendered. */
  readonly processed: string | null
  readonly processed_at: string | null
  readonly error: RecordedError | null
  /** Declarations of the newest commit that could not be read. */
  readonly failures: readonly RecordedError[]
}

export const repositoryTable: VersionedTable = {
  name: 'repository',
  columns: {
    url: 'text',
    role: 'text',
    path: 'text',
    revision: 'text',
    ref: 'text',
    commit: 'text',
    subject: 'text',
    observed_at: 'text',
    processed: 'text',
    processed_at: 'text',
    error: 'json',
    failures: 'json',
  },
  indexes: [],
}

const unknown = (id: string): RepositoryRow => ({
  id,
  valid_from: 0,
  url: '',
  role: 'source',
  path: '.',
  revision: 'HEAD',
  ref: null,
  commit: null,
  subject: null,
  observed_at: null,
  processed: null,
  processed_at: null,
  error: null,
  failures: [],
})

export function foldRepository(rows: RowSet<RepositoryRow>, event: StoredEvent): void {
  const id = (event.data as { repository: string }).repository
  const before = rows.get(id) ?? unknown(id)
  const change = changeOf(before, event)
  if (change) rows.replace({ ...before, ...change, id, valid_from: event.position })
}

function changeOf(before: RepositoryRow, event: StoredEvent): Partial<RepositoryRow> | undefined {
  if (RepositoryRegistered.is(event)) {
    const { url, role, path, revision } = event.data
    return { url, role, path, revision }
  }
  if (RepositoryRevisionObserved.is(event)) {
    const { url, ref, commit, subject } = event.data
    return { url, ref, commit, subject, observed_at: event.recordedAt, failures: commit === before.commit ? before.failures : [] }
  }
  if (RepositoryRevisionProcessed.is(event)) return { processed: event.data.commit, processed_at: event.recordedAt }
  if (RepositoryFailed.is(event)) return { error: event.data.error }
  if (RepositoryRecovered.is(event)) return { error: null }
  if (DeclarationFailed.is(event) && before.failures.length < maxFailures) return { failures: [...before.failures, event.data.error] }
  return undefined
}
