import { FairleadError } from '@fairlead/errors'
import type { SyncPlan } from '@fairlead/messages'
import type { RequestContext } from '../graphql/context.ts'
import type { ApplicationNode } from './application.ts'

/** The plan of the running operation; of the next sync when that can be made; otherwise the last one. Null before the first. */
export async function planOf(context: RequestContext, { row, asked }: ApplicationNode) {
  const { parts, signal } = context
  if (row.operation === null && asked.at === undefined && parts.preview) {
    const next = await parts.preview(row.id, signal)
    if (next) return shownPlan(next)
  }
  const operation = row.operation ?? row.last_operation
  if (operation === null) return null
  const digest = (await context.loads(asked.at).plans(`${operation}|${row.id}`))?.at(-1)?.plan
  if (digest === undefined) return null
  try {
    return shownPlan(await parts.ledger.blobs.getJson<SyncPlan>(digest))
  } catch (error) {
    if (FairleadError.is(error) && error.code === 'BLOB_NOT_FOUND') return null
    throw error
  }
}

function shownPlan(plan: SyncPlan) {
  const { operation, bundle, commit, prunes, needsConfirmation, steps } = plan
  return { operation, bundle, commit, prunes, needsConfirmation, steps }
}
