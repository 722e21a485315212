import { createHash, randomUUID } from 'node:crypto'
import { type Action, decide } from '@fairlead/access'
import { FairleadError } from '@fairlead/errors'
import {
  ApplicationConfirmed,
  ApplicationRequested,
  ApplicationTerminateRequested,
  applicationStream,
  type NewEvent,
} from '@fairlead/events'
import type { ApplicationId, Digest } from '@fairlead/manifests'
import type { ApplicationRow } from '@fairlead/readmodel'
import type { RequestContext } from '../graphql/context.ts'
import { bareId } from '../graphql/node-id.ts'
import { rollbackTarget } from './rollback.ts'

interface ChangeInput {
  readonly reason?: string | null
  readonly idempotencyKey?: string | null
}

interface ResourceInput {
  readonly group: string
  readonly kind: string
  readonly namespace?: string | null
  readonly name: string
}

interface SyncInput extends ChangeInput {
  readonly applications: readonly string[]
  readonly revision?: string | null
  readonly prune: boolean
  readonly dryRun: boolean
  readonly force: boolean
  readonly resources?: readonly ResourceInput[] | null
}

interface RefreshInput extends ChangeInput {
  readonly applications: readonly string[]
  readonly hard: boolean
}

interface RollbackInput extends ChangeInput {
  readonly application: string
  readonly to: string
  readonly prune: boolean
  readonly dryRun: boolean
}

interface OperationInput extends ChangeInput {
  readonly application: string
}

interface UserError {
  readonly path: readonly string[]
  readonly code: string
  readonly message: string
  readonly next: string
}

interface ChangePayload {
  readonly requests: readonly { readonly application: string; readonly request: string }[]
  readonly position: number | null
  readonly userErrors: readonly UserError[]
}

/** Most applications of one change. */
const maxApplications = 500

/** What a change is for one application: an event, and what the caller knows it by. Throws what keeps it from being one. */
type EventOf = (row: ApplicationRow, request: string) => Promise<{ readonly event: NewEvent; readonly request: string }>

/**
 * Every change goes this way: who may not is refused as if there were nothing, what may be becomes one event in each application's stream,
 * all in one append. The API decides nothing further; the reconciler answers.
 */
async function change(
  context: RequestContext,
  action: Action,
  names: readonly { readonly name: string; readonly path: readonly string[] }[],
  input: ChangeInput,
  eventOf: EventOf,
): Promise<ChangePayload> {
  if (names.length > maxApplications) throw new FairleadError('BAD_USER_INPUT', `a change may name at most ${maxApplications} applications`)
  const userErrors: UserError[] = []
  const requests: { application: string; request: string }[] = []
  const streams: { stream: string; expected: 'exists'; events: NewEvent[] }[] = []
  for (const { name, path } of names) {
    try {
      const row = await permitted(context, action, bareId('Application', name))
      if (requests.some(({ application }) => application === row.id)) continue
      const { event, request } = await eventOf(row, requestId(context, action, input, row.id))
      requests.push({ application: row.id, request })
      streams.push({ stream: applicationStream(row.id), expected: 'exists', events: [event] })
    } catch (error) {
      if (!FairleadError.is(error) || error.code === 'INTERNAL') throw error
      userErrors.push({ path: ['input', ...path], code: error.code, message: error.message, next: error.next })
    }
  }
  if (streams.length === 0) return { requests, position: null, userErrors }
  const { principal, trace, parts } = context
  const result = await parts.ledger.append(
    {
      streams,
      ...(input.idempotencyKey && { idempotencyKey: idempotencyKey(context, action, input.idempotencyKey) }),
      context: {
        actor: { kind: principal.kind, name: principal.name, authenticatedBy: principal.authenticatedBy },
        ...(input.reason && { reason: input.reason }),
        correlation: requests[0]!.request,
        trace,
      },
    },
    context.signal,
  )
  if (result.outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', `${result.stream} is not what it was`)
  return { requests, position: result.position, userErrors }
}

/** The application, if the principal may do this to it. What one may not see is answered like what does not exist. */
async function permitted(context: RequestContext, action: Action, name: string): Promise<ApplicationRow> {
  const { principal, trace, denials } = context
  const [unseen] = (await context.queries.applicationsByNames([name], undefined)).filter((row) => !row.gone)
  const row = await context.loads(undefined).application(name)
  const denied = unseen && decide(principal, action, { project: unseen.project })
  if (denied?.allowed === false) {
    await denials.record(
      { principal: principal.name, action, object: `application/${unseen!.id}`, reason: denied.reason },
      trace,
      new Date(),
    )
  }
  if (!row || row.gone) throw new FairleadError('APPLICATION_NOT_FOUND', `there is no application ${name}`)
  if (denied?.allowed === false) throw new FairleadError('FORBIDDEN', denied.reason)
  return row
}

/** With an idempotency key the same call gives the same ids, so that the answer to a repeat is the first answer. */
function requestId(context: RequestContext, action: Action, { idempotencyKey: key }: ChangeInput, application: string): string {
  if (!key) return randomUUID()
  return createHash('sha256')
    .update(JSON.stringify([idempotencyKey(context, action, key), application]))
    .digest('hex')
    .slice(0, 32)
}

/** Keys of different callers never meet. */
function idempotencyKey(context: RequestContext, action: Action, key: string): string {
  return `api:${createHash('sha256')
    .update(JSON.stringify([context.principal.name, action, key]))
    .digest('hex')}`
}

const listed = (names: readonly string[]) => names.map((name, index) => ({ name, path: ['applications', String(index)] }))
const single = (name: string) => [{ name, path: ['application'] }]

type Mutation<Input> = (_: unknown, args: { readonly input: Input }, context: RequestContext) => Promise<ChangePayload>

const sync: Mutation<SyncInput> = (_, { input }, context) =>
  change(context, 'sync', listed(input.applications), input, async (row, request) => {
    const { revision, prune, dryRun, force, resources } = input
    return {
      request,
      event: ApplicationRequested.of({
        application: row.id as ApplicationId,
        request,
        action: 'sync',
        ...(revision && { revision }),
        prune,
        dryRun,
        force,
        hard: false,
        ...(resources &&
          resources.length > 0 && {
            resources: resources.map(({ namespace, ...ref }) => ({ ...ref, ...(namespace != null && { namespace }) })),
          }),
      }),
    }
  })

const refresh: Mutation<RefreshInput> = (_, { input }, context) =>
  change(context, 'refresh', listed(input.applications), input, async (row, request) => {
    const asked = { application: row.id as ApplicationId, request, action: 'refresh' as const, hard: input.hard }
    return { request, event: ApplicationRequested.of({ ...asked, prune: false, dryRun: false, force: false }) }
  })

const rollback: Mutation<RollbackInput> = (_, { input }, context) =>
  change(context, 'rollback', single(input.application), input, async (row, request) => {
    const bundle = await rollbackTarget(context, row, input.to)
    const { prune, dryRun } = input
    const asked = { application: row.id as ApplicationId, request, action: 'rollback' as const, bundle: bundle as Digest }
    return { request, event: ApplicationRequested.of({ ...asked, prune, dryRun, force: false, hard: false }) }
  })

const terminate: Mutation<OperationInput> = (_, { input }, context) =>
  change(context, 'terminate', single(input.application), input, async (row) => {
    if (row.operation === null) throw new FairleadError('OPERATION_NOT_FOUND', `no operation holds ${row.name}`)
    const event = ApplicationTerminateRequested.of({ application: row.id as ApplicationId, operation: row.operation })
    return { request: row.operation, event }
  })

const confirm: Mutation<OperationInput> = (_, { input }, context) =>
  change(context, 'confirm', single(input.application), input, async (row) => {
    if (row.operation === null || row.phase !== 'Waiting')
      throw new FairleadError('NOTHING_TO_CONFIRM', `${row.name} waits for no confirmation`)
    return { request: row.operation, event: ApplicationConfirmed.of({ application: row.id as ApplicationId, operation: row.operation }) }
  })

export const changeResolvers = { Mutation: { sync, refresh, rollback, terminate, confirm } }
