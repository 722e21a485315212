import type { Queryable, StoredEvent } from '@fairlead/ledger'
import { type ApplicationRow, applicationTable, type StateRecord, stateTable } from '../application/row.ts'
import { type ClusterRow, clusterTable } from '../cluster/row.ts'
import { driftTable } from '../drift/record.ts'
import { partTable, planTable, stepTable } from '../operation/part.ts'
import { operationTable } from '../operation/record.ts'
import { projectTable } from '../project/row.ts'
import { type RepositoryRow, repositoryTable } from '../repository/row.ts'
import { requestTable } from '../request/record.ts'
import { type ResourceRow, resourceTable } from '../resource/row.ts'
import { insertRows, writeRecords, writeVersioned } from '../validity/write.ts'
import { foldBatch, idsIn, movedIn } from './fold.ts'

/**
 * Brings the read models from just before `events` to just after them, inside the caller's transaction: load what is touched, fold,
 * write. The number of statements does not depend on the number of events.
 */
export async function applyBatch(client: Queryable, events: readonly StoredEvent[], segmentRows: number): Promise<void> {
  const last = events.at(-1)
  if (!last) return
  const end = { position: last.position, segmentRows }
  const ids = idsIn(events)
  const applications = await load<ApplicationRow>(client, 'application', ids.applications)
  const folded = foldBatch(events, {
    applications,
    states: await load<StateRecord>(client, 'application_state', ids.applications),
    clusters: await load<ClusterRow>(client, 'cluster', ids.clusters),
    repositories: await load<RepositoryRow>(client, 'repository', ids.repositories),
    resources: await loadResources(client, movedIn(events, applications)),
  })
  await writeVersioned(client, applicationTable, folded.applications.writes(), end)
  await writeRecords(client, stateTable, folded.states.writes())
  await insertRows(client, 'application_spec', folded.specs)
  await insertRows(client, 'application_render', folded.renders)
  await writeVersioned(client, resourceTable, folded.resources.writes(), end)
  await writeVersioned(client, clusterTable, folded.clusters.writes(), end)
  await writeVersioned(client, repositoryTable, folded.repositories.writes(), end)
  await writeVersioned(client, projectTable, folded.projects.writes(), end)
  await writeRecords(client, operationTable, folded.operations.writes())
  await writeRecords(client, partTable, folded.parts.writes())
  await insertRows(client, planTable.name, folded.plans)
  await insertRows(client, stepTable.name, folded.steps)
  await writeRecords(client, driftTable, folded.drifts.writes())
  await writeRecords(client, requestTable, folded.requests.writes())
  await client.query('UPDATE head SET position = $1, recorded_at = $2', [last.position, last.recordedAt])
}

async function load<Row extends object>(client: Queryable, table: string, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return []
  const { rows } = await client.query<Row>(`SELECT * FROM ${table} WHERE id = ANY ($1)`, [ids])
  return rows
}

/** All objects of these applications: their ids begin with `<application>/`, and `0` follows `/` in byte order. */
async function loadResources(client: Queryable, applications: readonly string[]): Promise<ResourceRow[]> {
  if (applications.length === 0) return []
  const { rows } = await client.query<ResourceRow>(
    `SELECT held.* FROM unnest($1::text[]) AS wanted(application)
     JOIN resource AS held ON held.id >= (wanted.application || '/') COLLATE "C" AND held.id < (wanted.application || '0') COLLATE "C"`,
    [applications],
  )
  return rows
}
