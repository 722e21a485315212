import { type ErrorCode, FairleadError } from '@fairlead/errors'
import type { RecordedError, TaskResult } from '@fairlead/events'
import { refKey } from '@fairlead/manifests'
import type { PlannedStep, StepCommand, StepResult } from '@fairlead/messages'
import { shortName } from '../kubernetes/object.ts'
import { codeOf } from '../kubernetes/status.ts'
import { applyGroup } from './apply-group.ts'
import { groupsOf } from './decide.ts'
import { type DryRunOutcome, dryRun } from './dry-run.ts'
import { leaveExtraneous } from './extraneous.ts'
import type { Gate } from './gate.ts'
import { type Settling, settle } from './settle.ts'
import { type PlannedBundle, resolveTask, resultOf, type StepTask, type StepTools } from './task.ts'

export interface StepRun {
  readonly command: StepCommand
  readonly planned: PlannedBundle
  readonly cluster: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** The step has begun before and was interrupted: what is there already is looked for. */
  readonly resumed: boolean
  /** What the interrupted run had done, by place in the step. */
  readonly done: Readonly<Record<string, TaskResult>>
  /** Called as groups of tasks are done. */
  readonly progress: (done: readonly (readonly [number, TaskResult])[]) => void
}

/** The step that a command names. Throws `COMMAND_INVALID`. */
export function stepOf({ plan }: PlannedBundle, command: StepCommand): PlannedStep {
  const step = (command.fail ? plan.failSteps : plan.steps)[command.step]
  if (step) return step
  throw new FairleadError(
    'COMMAND_INVALID',
    `the plan of ${command.application} has no ${command.fail ? 'fail step' : 'step'} ${command.step}`,
  )
}

/** The part of a step that asks the API server is over: with a result, or with objects that are to settle. */
type Asked =
  | { readonly result: StepResult }
  | {
      readonly step: PlannedStep
      readonly results: Map<number, TaskResult>
      readonly items: readonly StepTask[]
      readonly settling: readonly Settling[]
    }

/**
 * Carries out one step of one application: tries everything first when asked to, then does the tasks in the plan's order, groups of one kind side by
 * side, and waits until what it applied has settled. A failed group does not keep the later groups of the step from being applied (Argo CD). Expected
 * failures are in the result; rejects only when aborted.
 *
 * `load` and everything that asks the API server go through the gate, one application after the other rather than all a little: those that come first
 * roll out while the others are still tried, and manifests are in memory only for as long as they are needed. Waiting takes no place.
 */
export async function runStep(
  tools: StepTools,
  run: Omit<StepRun, 'planned'>,
  load: (signal: AbortSignal) => Promise<PlannedBundle>,
  gate: Gate,
  signal: AbortSignal,
): Promise<StepResult> {
  let commit = ''
  const asked = await gate.run(async () => {
    const planned = await load(signal)
    commit = planned.plan.commit
    return askServer(tools, { ...run, planned }, signal)
  }, signal)
  if ('result' in asked) return asked.result
  const { step, results, items, settling } = asked
  const { command } = run
  const result = resultMaker(run, step)
  const settlement = await settle(tools.tracker, settling, step.waitHealthy, Date.parse(command.deadline), signal)
  for (const { item, managed } of settling) {
    if (item.task.action === 'hook' && managed.health === 'Healthy')
      results.set(item.index, resultOf(item, 'hook-finished', { health: 'Healthy' }))
  }
  const inOrder = resultsInOrder(tools, items, results)
  const error = (item: StepTask | undefined, code: ErrorCode, message: string) => errorOf({ ...run, commit }, item, code, message)
  if (settlement.outcome === 'settled') return result('succeeded', inOrder)
  if (settlement.outcome === 'failed') {
    const { item, managed } = settlement.by
    const code = item.task.action === 'hook' ? 'SYNC_HOOK_FAILED' : 'SYNC_DEGRADED'
    return result('failed', inOrder, error(item, code, managed.message ?? `it is ${managed.health}`))
  }
  const [first, ...others] = settlement.waiting
  const waits =
    first && `${first.managed.message ?? `it is ${first.managed.health}`}${others.length > 0 ? ` (and ${others.length} more objects)` : ''}`
  return result('failed', inOrder, error(first?.item, 'SYNC_WAVE_TIMEOUT', waits ?? 'the deadline has passed'))
}

async function askServer(tools: StepTools, run: StepRun, signal: AbortSignal): Promise<Asked> {
  const { command, planned } = run
  const step = stepOf(planned, command)
  const result = resultMaker(run, step)
  const resolve = (of: PlannedStep) => Promise.all(of.tasks.map((_, index) => resolveTask(tools.api, planned, of, index)))
  let tried = new Map<string, DryRunOutcome>()
  const items = await resolve(step)
  if (command.dryRun !== 'none' || run.resumed) {
    const all =
      command.dryRun === 'none'
        ? items
        : (await Promise.all(planned.plan.steps.map((other) => (other === step ? items : resolve(other))))).flat()
    const outcomes = await dryRun(tools, planned.plan, all, run.resumed || command.dryRun === 'only', signal)
    const refused = all.filter((item) => outcomes.get(item)?.outcome === 'refused')
    if (command.dryRun !== 'none' && refused.length > 0) return { result: refusal(run, refused, outcomes, result) }
    if (command.dryRun === 'only')
      return {
        result: result(
          'succeeded',
          all.map((item) => foreseen(item, outcomes.get(item))),
        ),
      }
    tried = new Map(items.map((item) => [String(item.index), outcomes.get(item) as DryRunOutcome]))
  }

  leaveExtraneous(tools.tracker, planned.plan)
  const results = new Map<number, TaskResult>()
  const settling: Settling[] = []
  for (const group of groupsOf(items)) {
    const done = await applyGroup(tools, run, group, (item) => tried.get(String(item.index)), signal)
    for (const { item, result, managed } of done) {
      results.set(item.index, result)
      if (managed) settling.push({ item: withoutManifest(item), managed })
    }
    run.progress(done.map(({ item, result }) => [item.index, result] as const))
  }
  const small = items.map(withoutManifest)
  const broken = items.find((item) => results.get(item.index)?.action === 'failed')
  if (broken) {
    const message = results.get(broken.index)?.message ?? 'it could not be applied'
    const error = errorOf({ ...run, commit: planned.plan.commit }, broken, 'SYNC_APPLY_FAILED', message)
    return { result: result('failed', resultsInOrder(tools, small, results), error) }
  }
  return { step, results, items: small, settling }
}

function withoutManifest(item: StepTask): StepTask {
  return { ...item, manifest: undefined }
}

function resultsInOrder(tools: StepTools, items: readonly StepTask[], results: ReadonlyMap<number, TaskResult>): TaskResult[] {
  return items.map((item) => withHealth(tools, item, results.get(item.index) ?? resultOf(item, 'none')))
}

function resultMaker(run: Omit<StepRun, 'planned'>, { phase, wave }: PlannedStep): MakeResult {
  const { application, operation, attempt, step } = run.command
  return (outcome, results, error) => ({
    application,
    operation,
    attempt,
    step,
    phase,
    wave,
    outcome,
    results: [...results],
    ...(error && { error }),
    tookMs: Math.max(0, Date.now() - run.startedAt),
  })
}

type MakeResult = (outcome: StepResult['outcome'], results: readonly TaskResult[], error?: RecordedError) => StepResult

/** Nothing has been applied: names what the API server would not take. Not being able to ask is a failure, not a refusal. */
function refusal(
  run: StepRun,
  refused: readonly StepTask[],
  outcomes: ReadonlyMap<StepTask, DryRunOutcome>,
  result: MakeResult,
): StepResult {
  const failureOf = (item: StepTask) => {
    const outcome = outcomes.get(item)
    return outcome?.outcome === 'refused' ? outcome.failure : { kind: 'refused' as const, message: '' }
  }
  const really = refused.filter((item) => failureOf(item).kind !== 'unreachable')
  const results = refused.map((item) => resultOf(item, really.includes(item) ? 'refused' : 'failed', { message: failureOf(item).message }))
  const first = really[0] ?? (refused[0] as StepTask)
  const { kind, message } = failureOf(first)
  if (really.length === 0)
    return result(
      'failed',
      results,
      errorOf({ ...run, commit: run.planned.plan.commit }, first, codeOf({ kind } as Parameters<typeof codeOf>[0]), message),
    )
  return result('refused', results, errorOf({ ...run, commit: run.planned.plan.commit }, first, 'SYNC_REFUSED', message))
}

/** What a dry run says would be done. */
function foreseen(item: StepTask, tried: DryRunOutcome | undefined): TaskResult {
  if (item.task.action === 'prune') return resultOf(item, 'pruned')
  switch (tried?.outcome) {
    case 'same':
      return resultOf(item, 'unchanged')
    case 'change':
      return resultOf(item, 'configured')
    case 'create':
      return resultOf(item, 'created')
    default:
      return resultOf(item, 'none')
  }
}

function withHealth(tools: StepTools, item: StepTask, result: TaskResult): TaskResult {
  const { group, kind } = item.task.ref
  const managed = tools.tracker.get(`${group}/${kind}/${item.namespace}/${item.name}`)
  return managed && result.action !== 'pruned' && managed.liveness === 'present' ? { ...result, health: managed.health } : result
}

/** The recorded form of what went wrong with one object, with the file that it came from. */
function errorOf(
  run: Pick<StepRun, 'command' | 'cluster'> & { readonly commit: string },
  item: StepTask | undefined,
  code: ErrorCode,
  message: string,
): RecordedError {
  const where = {
    application: run.command.application,
    cluster: run.cluster,
    ...(run.commit !== '' && { commit: run.commit }),
    ...(item?.origin && { file: item.origin.path, ...(item.origin.line !== undefined && { line: item.origin.line }) }),
    ...(item && { object: refKey(item.task.ref) }),
  }
  const name = item ? shortName({ ...item.task.ref, name: item.name }) : `step ${run.command.step} of ${run.command.application}`
  return new FairleadError(code, `${name}: ${message}`, { where }).toJSON()
}
