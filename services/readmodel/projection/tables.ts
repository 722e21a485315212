import { createReferred } from '../application/fold.ts'
import { applicationTable, stateTable } from '../application/row.ts'
import { clusterTable } from '../cluster/row.ts'
import { driftTable } from '../drift/record.ts'
import { partTable, planTable, stepTable } from '../operation/part.ts'
import { operationTable } from '../operation/record.ts'
import { projectTable } from '../project/row.ts'
import { repositoryTable } from '../repository/row.ts'
import { requestTable } from '../request/record.ts'
import { resourceTable } from '../resource/row.ts'
import { createFacts, createRecord, createSegments, createVersioned } from '../validity/table.ts'

const versionedTables = [applicationTable, resourceTable, clusterTable, repositoryTable, projectTable]
const recordTables = [stateTable, operationTable, partTable, driftTable, requestTable]
const factTables = [planTable, stepTable]

/** How far the read models are: written in the transaction of every batch, so a reader's snapshot knows its own position. */
const createHead = [
  'CREATE TABLE head (single boolean PRIMARY KEY DEFAULT true CHECK (single), position bigint NOT NULL, recorded_at text NOT NULL) WITH (fillfactor = 10)',
  `INSERT INTO head (position, recorded_at) VALUES (0, '1970-01-01T00:00:00.000Z')`,
]

/** Statements that create every table of the read models in the current schema. */
export const createTables: readonly string[] = [
  createSegments,
  ...versionedTables.flatMap(createVersioned),
  ...recordTables.flatMap(createRecord),
  ...factTables.flatMap(createFacts),
  ...createReferred,
  ...createHead,
]
