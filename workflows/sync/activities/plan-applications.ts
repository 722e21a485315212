import { errorCodes, FairleadError } from '@fairlead/errors'
import { ApplicationConfirmationAwaited, ApplicationPlanned, applicationStream } from '@fairlead/events'
import type { ApplicationId, Digest } from '@fairlead/manifests'
import type { Bundle, SyncPlan } from '@fairlead/messages'
import type { BriefApplication } from '../brief.ts'
import type { Failure, PlanRequest, PlanResult, PlanSkeleton } from '../contract.ts'
import type { PlanInput, Planned } from '../plan/input.ts'
import { planSync } from '../plan/plan.ts'
import type { ReadBrief } from './briefs.ts'
import { operationContext, recordKey } from './context.ts'
import type { SyncTools } from './ports.ts'

/** Bundles read and planned at a time. */
const sideBySide = 16

interface Made {
  readonly brief: BriefApplication
  readonly attempt: number
  readonly planned: Extract<Planned, { outcome: 'planned' }>
}

/**
 * Makes the plans, keeps them as blobs, and appends `application.planned` (and `confirmation-awaited`) for all in one append. A repeat finds the plans
 * that were recorded the first time; an application that cannot be planned is an answer of its own and spoils no other's.
 */
export async function planApplications(tools: SyncTools, request: PlanRequest): Promise<PlanResult[]> {
  const brief = await tools.readBrief(request.brief)
  const fresh = request.applications.filter(({ plan }) => plan === undefined)
  const inventory = await tools.inventory.read(
    fresh.map(({ application }) => application),
    request.position,
  )

  const answers: (PlanResult | Made)[] = []
  for (let at = 0; at < request.applications.length; at += sideBySide) {
    const part = request.applications.slice(at, at + sideBySide)
    answers.push(...(await Promise.all(part.map((wanted) => answer(tools, brief, wanted, inventory.get(wanted.application) ?? [])))))
  }
  const made = answers.filter((given) => 'planned' in given)
  const recorded = new Map((await record(tools, request.operation, made)).map((result) => [result.application, result]))
  return answers.flatMap((given) => ('planned' in given ? (recorded.get(given.brief.application) ?? []) : given))
}

async function answer(
  tools: SyncTools,
  brief: ReadBrief,
  { application, attempt, plan, waitLast }: PlanRequest['applications'][number],
  inventory: PlanInput['inventory'],
): Promise<PlanResult | Made> {
  try {
    if (plan !== undefined) return { application, outcome: 'planned', skeleton: await readSkeleton(tools, plan) }
    const entry = brief.applications.get(application)
    if (!entry) throw new FairleadError('INTERNAL', `the brief of ${brief.operation} does not name ${application}`)
    const planned = await planOne(tools, brief, entry, inventory, waitLast)
    if (planned.outcome === 'planned') return { brief: entry, attempt, planned }
    return { application, outcome: 'refused', failure: failureOf(planned.code, planned.message) }
  } catch (error) {
    const known = FairleadError.from(error)
    // Without its database the whole activity is tried again; anything else is this application's own trouble.
    if (!FairleadError.is(error) || known.code === 'LEDGER_UNAVAILABLE') throw error
    return { application, outcome: 'refused', failure: failureOf(known.code, known.message, known.retryable) }
  }
}

async function planOne(
  tools: SyncTools,
  brief: ReadBrief,
  { spec, revision, bundle, previous, generation, prune, force, resources }: BriefApplication,
  inventory: PlanInput['inventory'],
  waitLast: boolean,
): Promise<Planned> {
  const objectsOf = async (digest: Digest | null) => (digest === null ? [] : (await tools.ledger.blobs.getJson<Bundle>(digest)).objects)
  const { kind, cause, startedAt, operation: id } = brief
  return planSync({
    spec,
    operation: { id, kind, cause, startedAt, prune, force, resources },
    bundle: { digest: bundle, objects: kind === 'delete' ? [] : await objectsOf(bundle) },
    previous: await objectsOf(previous),
    inventory,
    generation,
    commit: revision.commit,
    waitLast,
  })
}

async function record(tools: SyncTools, operation: string, made: readonly Made[]): Promise<PlanResult[]> {
  if (made.length === 0) return []
  const digests = (await tools.ledger.blobs.putMany(made.map(({ planned }) => planned.plan))) as Digest[]
  return await Promise.all(made.map((one, index) => recordOne(tools, operation, one, digests[index] as Digest)))
}

async function recordOne(tools: SyncTools, operation: string, { brief, attempt, planned }: Made, digest: Digest): Promise<PlanResult> {
  const { application, spec, generation } = brief
  const { plan, prunes } = planned
  const steps = plan.steps.map(({ phase, wave, tasks }) => ({ phase, wave, tasks: tasks.length }))
  const extraneous = (plan.extraneous ?? []).filter(({ kind }) => kind === 'counted').map(({ ref }) => ref)
  const awaited = { application, operation, prunes: [...prunes], budget: spec.syncPolicy.deletionBudget }
  const events = [
    ApplicationPlanned.of({
      ...{ application, operation, attempt, plan: digest, steps, prunes: plan.prunes },
      ...(extraneous.length > 0 && { extraneous }),
    }),
    ...(plan.needsConfirmation ? [ApplicationConfirmationAwaited.of(awaited)] : []),
  ]
  const { outcome } = await tools.ledger.append({
    streams: [{ stream: applicationStream(application), expected: 'exists', events }],
    idempotencyKey: recordKey(operation, application, `planned/${attempt}`),
    context: operationContext(operation),
  })
  if (outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', `${application} has no stream`)
  const first = outcome === 'duplicate' ? await recordedPlan(tools, application, generation, operation, attempt) : undefined
  const skeleton = first ? await readSkeleton(tools, first) : skeletonOf(plan, digest)
  return { application, outcome: 'planned', skeleton }
}

/** The plan that an earlier, interrupted try has recorded for this attempt. */
async function recordedPlan(
  tools: SyncTools,
  application: ApplicationId,
  generation: number,
  operation: string,
  attempt: number,
): Promise<Digest | undefined> {
  for (let fromVersion = generation; ; ) {
    const events = await tools.ledger.readStream(applicationStream(application), { fromVersion })
    for (const event of events) {
      if (ApplicationPlanned.is(event) && event.data.operation === operation && event.data.attempt === attempt) return event.data.plan
    }
    const last = events.at(-1)
    if (!last) return undefined
    fromVersion = last.version
  }
}

async function readSkeleton(tools: SyncTools, digest: Digest): Promise<PlanSkeleton> {
  return skeletonOf(await tools.ledger.blobs.getJson<SyncPlan>(digest), digest)
}

function skeletonOf(plan: SyncPlan, digest: Digest): PlanSkeleton {
  return {
    plan: digest,
    steps: plan.steps.map(({ phase, wave }) => `${phase} ${wave}`),
    failSteps: plan.failSteps.length,
    needsConfirmation: plan.needsConfirmation,
    applies: plan.steps.some((step) => step.tasks.some((task) => task.action !== 'prune')),
  }
}

function failureOf(code: Failure['code'], message: string, retryable: boolean = errorCodes[code].retryable): Failure {
  return { code, message, retryable }
}
