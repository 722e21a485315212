import { FairleadError } from '@fairlead/errors'
import type { ApplicationRow } from '@fairlead/readmodel'
import type { RequestContext } from '../graphql/context.ts'

/** Operations of the past that are looked through. */
const depth = 1_000
/** Fewer digits of a digest or a commit name nothing for certain. */
const minPrefix = 7

/**
 * The bundle that `to` names in an application's history: an operation, a digest or a commit, the latter two by their beginnings. Only what
 * was once synced in full can be gone back to, and not while automated sync would undo it at once (Argo CD: rollback).
 */
export async function rollbackTarget(context: RequestContext, row: ApplicationRow, to: string): Promise<string> {
  const spec = row.spec_from === null ? undefined : (await context.loads(undefined).spec({ id: row.id, valid_from: row.spec_from }))?.spec
  if (spec?.syncPolicy.automated && !spec.suspended) {
    throw new FairleadError('AUTO_SYNC_ON', `automated sync of ${row.name} would undo the rollback at once`)
  }
  const parts = await context.queries.partsOf({ application: row.id }, undefined, depth)
  const found = parts.find(
    (part) => part.outcome === 'Succeeded' && part.full_sync && !part.dry_run && part.kind !== 'delete' && isNamed(part, to),
  )
  if (found) return found.bundle
  throw new FairleadError('REVISION_NOT_FOUND', `${JSON.stringify(to)} names no successful sync of ${row.name}`, {
    next: `list what there is: fairlead history app/${row.name}`,
  })
}

function isNamed(
  part: { readonly operation: string; readonly bundle: string; readonly revision: { readonly commit: string } },
  to: string,
): boolean {
  if (part.operation === to) return true
  return to.length >= minPrefix && (part.bundle.startsWith(to) || part.revision.commit.startsWith(to))
}
