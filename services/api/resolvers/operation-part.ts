import { FairleadError } from '@fairlead/errors'
import type { PartRecord } from '@fairlead/readmodel'
import type { RequestContext } from '../graphql/context.ts'
import type { Asked, PageArguments } from '../graphql/page.ts'

/** One application's part in an operation, and the instant that it is shown as of. */
export interface PartNode {
  readonly part: PartRecord
  readonly asked: Asked
}

const cursorOf = (part: PartRecord): string => Buffer.from(`part:${part.started_from}`).toString('base64url')

function readCursor(cursor: string): number {
  const [, position] = /^part:(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  if (position === undefined) throw new FairleadError('BAD_USER_INPUT', 'the cursor does not belong to this list')
  return Number(position)
}

/** The parts of one application or one operation, newest first. */
export async function partConnection(
  context: RequestContext,
  by: 'application' | 'operation',
  key: string,
  { first, after }: Pick<PageArguments, 'first' | 'after'>,
  asked: Asked,
) {
  const before = after ? readCursor(after) : undefined
  const page = await context.loads(asked.at).partPage({ by, key, first: first + 1, before })
  const parts = page?.parts.slice(0, first) ?? []
  const last = parts.at(-1)
  return {
    nodes: parts.map((part): PartNode => ({ part, asked })),
    pageInfo: { hasNextPage: (page?.parts.length ?? 0) > first, endCursor: last ? cursorOf(last) : null },
    totalCount: page?.total ?? 0,
  }
}

type Field = (node: PartNode, args: unknown, context: RequestContext) => unknown

const ofPart =
  <Key extends keyof PartRecord>(key: Key): Field =>
  ({ part }) =>
    part[key]

const ApplicationOperation: Record<string, Field> = {
  id: ofPart('operation'),
  application: ofPart('application'),
  kind: ofPart('kind'),
  cause: ofPart('cause'),
  actor: ofPart('actor'),
  reason: ofPart('reason'),
  revision: ofPart('revision'),
  bundle: ofPart('bundle'),
  startedAt: ofPart('started_at'),
  finishedAt: ofPart('finished_at'),
  tookMs: ofPart('took_ms'),
  outcome: ofPart('outcome'),
  dryRun: ofPart('dry_run'),
  error: ofPart('error'),
  // Before the end it is known from what was asked: a choice of objects is never a full sync.
  full: ({ part }) => part.full_sync ?? (part.resources === null && !part.dry_run),
  attempts: async ({ part, asked }, _, context) => part.attempts ?? (await context.loads(asked.at).plans(part.id))?.at(-1)?.attempt ?? 0,
  async steps({ part, asked }, _, context) {
    const steps = (await context.loads(asked.at).steps(part.id)) ?? []
    return steps.map((step) => ({
      attempt: step.attempt,
      index: step.step,
      phase: step.phase,
      wave: step.wave,
      outcome: step.outcome,
      tookMs: step.took_ms,
      settledAt: step.settled_at,
      results: step.results,
      error: step.error,
    }))
  },
}

export const partResolvers = { ApplicationOperation }
