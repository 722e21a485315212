import type { OperationOutcome } from '@fairlead/events'
import type { Failure, PlanSkeleton, SettledStep, SyncApplication, SyncLimits } from './contract.ts'
import { retryWaitMs } from './retry.ts'

/** Where one application stands in its operation. */
export type Place =
  /** Its plan is to be made. */
  | { readonly at: 'planning' }
  /** Others of the operation come first. */
  | { readonly at: 'gated' }
  /** A person has to confirm the deletions. */
  | { readonly at: 'confirmation' }
  /** This step can be sent to the agent. */
  | { readonly at: 'ready'; readonly step: number; readonly fail: boolean }
  /** The agent has this step. */
  | { readonly at: 'sent'; readonly step: number; readonly fail: boolean; readonly sinceMs: number; readonly deadlineMs: number }
  /** The attempt failed; the next one begins at this time. */
  | { readonly at: 'backoff'; readonly untilMs: number }
  | { readonly at: 'over'; readonly outcome: OperationOutcome }

/** One application on its way through its own plan: attempts, waits, end. Plain data; `advance` is the only way forward. */
export interface Cursor {
  readonly application: SyncApplication
  readonly place: Place
  readonly attempt: number
  readonly plan: PlanSkeleton | undefined
  readonly confirmed: boolean
  /** A newer commit waits for this application to be let go. */
  readonly superseded: boolean
  /** The agent has heard of this operation. */
  readonly dispatched: boolean
  /** What went wrong last. */
  readonly failure: Failure | undefined
}

export type CursorEvent =
  | { readonly type: 'planned'; readonly skeleton: PlanSkeleton }
  | { readonly type: 'unplannable'; readonly failure: Failure }
  | { readonly type: 'gate-opened' }
  | { readonly type: 'blocked'; readonly by: string; readonly why: string }
  | { readonly type: 'confirmed' }
  | { readonly type: 'sent' }
  /** The agent could not be reached after all. */
  | { readonly type: 'unsent'; readonly step: number; readonly attempt: number }
  | { readonly type: 'refused'; readonly step: number; readonly attempt: number; readonly failure: Failure }
  | { readonly type: 'settled'; readonly result: SettledStep }
  /** The agent is back and may have forgotten what it was doing. */
  | { readonly type: 'reconnected' }
  | { readonly type: 'terminate' }
  | { readonly type: 'supersede' }
  | { readonly type: 'tick' }

/** Rules that hold for every application of an operation. */
export interface CursorRules {
  readonly limits: SyncLimits
  readonly dryRun: boolean
}

/** The cursor of an application at the beginning of its operation. */
export function startCursor(application: SyncApplication): Cursor {
  return {
    application,
    place: { at: 'planning' },
    attempt: application.resume?.attempt ?? 1,
    plan: undefined,
    confirmed: application.resume?.confirmed ?? false,
    superseded: false,
    dispatched: application.resume !== undefined,
    failure: undefined,
  }
}

/** The cursor after `event` at `nowMs`. An event that does not concern the cursor's place changes nothing: signals repeat and cross. */
export function advance(cursor: Cursor, event: CursorEvent, rules: CursorRules, nowMs: number): Cursor {
  const { place } = cursor
  if (place.at === 'over') return cursor
  switch (event.type) {
    case 'planned':
      return place.at === 'planning' ? { ...cursor, plan: event.skeleton, place: { at: 'gated' } } : cursor
    case 'unplannable':
      return place.at === 'planning' ? failed({ ...cursor, failure: event.failure }, nowMs, 'Error') : cursor
    case 'gate-opened':
      return place.at === 'gated' ? begin(cursor, rules, nowMs) : cursor
    case 'blocked':
      return place.at === 'gated' ? blocked(cursor, event.by, event.why) : cursor
    case 'confirmed':
      return place.at === 'confirmation'
        ? { ...cursor, confirmed: true, place: { at: 'ready', step: 0, fail: false } }
        : { ...cursor, confirmed: true }
    case 'sent':
      return place.at === 'ready' ? sent(cursor, place, rules, nowMs) : cursor
    case 'unsent':
      return isAt(cursor, event) ? { ...cursor, place: { at: 'ready', step: event.step, fail: place.at === 'sent' && place.fail } } : cursor
    case 'refused':
      return isAt(cursor, event) ? failed({ ...cursor, failure: event.failure }, nowMs) : cursor
    case 'settled':
      return settled(cursor, event.result, rules, nowMs)
    case 'reconnected':
      return place.at === 'sent' ? { ...cursor, place: { at: 'ready', step: place.step, fail: place.fail } } : cursor
    case 'terminate':
      return { ...cursor, failure: terminated, place: { at: 'over', outcome: 'Terminated' } }
    case 'supersede':
      return yielding({ ...cursor, superseded: true }, rules, nowMs)
    case 'tick':
      return tick(cursor, rules, nowMs)
  }
}

/** When `tick` can next change this cursor, milliseconds since the epoch; undefined when only an event can. */
export function wakesAtMs({ place, superseded }: Cursor, { limits }: CursorRules): number | undefined {
  if (place.at === 'backoff') return place.untilMs
  if (place.at !== 'sent') return undefined
  const expires = place.deadlineMs + limits.graceMs
  return superseded ? Math.min(expires, place.sinceMs + limits.supersedeAfterMs) : expires
}

const terminated: Failure = { code: 'OPERATION_TERMINATED', message: 'the operation was terminated', retryable: false }
const superseded: Failure = { code: 'OPERATION_SUPERSEDED', message: 'a newer commit is wanted; it is synced instead', retryable: true }

/** The gate is open: to the first step that the ledger does not show as settled, or to whoever must confirm. */
function begin(cursor: Cursor, rules: CursorRules, nowMs: number): Cursor {
  const { resume } = cursor.application
  if (cursor.plan?.steps.length === 0) return over(cursor, 'Succeeded')
  if (cursor.plan?.needsConfirmation && !cursor.confirmed && !rules.dryRun) return { ...cursor, place: { at: 'confirmation' } }
  const first: Cursor = { ...cursor, place: { at: 'ready', step: 0, fail: false } }
  if (!resume || resume.attempt !== cursor.attempt) return first
  const base = { application: cursor.application.application, attempt: cursor.attempt }
  return resume.settled.reduce((now, result) => settled(now, { ...base, ...result }, rules, nowMs), first)
}

function sent(cursor: Cursor, place: Place & { at: 'ready' }, { limits }: CursorRules, nowMs: number): Cursor {
  const deadlineMs = nowMs + (cursor.application.timeoutMs ?? limits.waveDeadlineMs)
  return { ...cursor, dispatched: true, place: { ...place, at: 'sent', sinceMs: nowMs, deadlineMs } }
}

function isAt({ place, attempt }: Cursor, event: { readonly step: number; readonly attempt: number }): boolean {
  return place.at === 'sent' && place.step === event.step && attempt === event.attempt
}

/** A result moves a cursor that has sent, or is about to send again, exactly this step. */
function settled(cursor: Cursor, result: SettledStep, rules: CursorRules, nowMs: number): Cursor {
  const { place, plan, attempt } = cursor
  if ((place.at !== 'sent' && place.at !== 'ready') || plan === undefined) return cursor
  if (result.attempt !== attempt || result.step !== place.step || result.fail !== place.fail) return cursor
  if (result.outcome === 'terminated') return { ...cursor, failure: terminated, place: { at: 'over', outcome: 'Terminated' } }
  const next = place.step + 1
  if (place.fail) {
    const more = result.outcome === 'succeeded' && next < plan.failSteps
    return more ? { ...cursor, place: { at: 'ready', step: next, fail: true } } : concluded(cursor, nowMs)
  }
  if (result.outcome !== 'succeeded') {
    return failed({ ...cursor, failure: result.failure ?? unexplained(result) }, nowMs, 'Failed', result.outcome === 'failed')
  }
  if (rules.dryRun || next >= plan.steps.length) return over(cursor, 'Succeeded')
  if (cursor.superseded) return gaveWay(cursor)
  return { ...cursor, place: { at: 'ready', step: next, fail: false } }
}

function unexplained({ step, outcome }: SettledStep): Failure {
  if (outcome === 'refused') return { code: 'SYNC_REFUSED', message: `step ${step} was refused`, retryable: false }
  return { code: 'SYNC_APPLY_FAILED', message: `step ${step} failed`, retryable: true }
}

/** The attempt has failed: SyncFail hooks first when the cluster was touched, then the next attempt or the end. */
function failed(cursor: Cursor, nowMs: number, outcome: 'Failed' | 'Error' = 'Failed', touched = false): Cursor {
  if (touched && (cursor.plan?.failSteps ?? 0) > 0) return { ...cursor, place: { at: 'ready', step: 0, fail: true } }
  return concluded(cursor, nowMs, outcome)
}

function concluded(cursor: Cursor, nowMs: number, outcome: 'Failed' | 'Error' = 'Failed'): Cursor {
  const { retry } = cursor.application
  const again = cursor.failure?.retryable === true && (retry.limit < 0 || cursor.attempt <= retry.limit)
  if (!again) return { ...cursor, place: { at: 'over', outcome } }
  if (cursor.superseded) return gaveWay(cursor)
  return { ...cursor, place: { at: 'backoff', untilMs: nowMs + retryWaitMs(retry, cursor.attempt) } }
}

function blocked(cursor: Cursor, by: string, why: string): Cursor {
  const failure: Failure = { code: 'SYNC_BLOCKED', message: `not started: it waits for ${by}, which ${why}`, retryable: true }
  return { ...cursor, failure, place: { at: 'over', outcome: 'Failed' } }
}

function over(cursor: Cursor, outcome: OperationOutcome): Cursor {
  return { ...cursor, failure: undefined, place: { at: 'over', outcome } }
}

function gaveWay(cursor: Cursor): Cursor {
  return { ...cursor, failure: superseded, place: { at: 'over', outcome: 'Terminated' } }
}

/** A superseded application goes at once when nothing is under way, else when its wave has had its time. */
function yielding(cursor: Cursor, { limits }: CursorRules, nowMs: number): Cursor {
  if (cursor.place.at !== 'sent') return gaveWay(cursor)
  return nowMs >= cursor.place.sinceMs + limits.supersedeAfterMs ? gaveWay(cursor) : cursor
}

function tick(cursor: Cursor, rules: CursorRules, nowMs: number): Cursor {
  const { place } = cursor
  if (place.at === 'backoff' && nowMs >= place.untilMs) {
    return { ...cursor, attempt: cursor.attempt + 1, plan: undefined, place: { at: 'planning' } }
  }
  if (place.at !== 'sent') return cursor
  if (cursor.superseded && nowMs >= place.sinceMs + rules.limits.supersedeAfterMs) return gaveWay(cursor)
  if (nowMs < place.deadlineMs + rules.limits.graceMs) return cursor
  const message = `cluster ${cursor.application.cluster} has said nothing of step ${place.step} since it was sent`
  const failure: Failure = { code: 'SYNC_WAVE_TIMEOUT', message, retryable: true }
  return place.fail ? concluded(cursor, nowMs) : failed({ ...cursor, failure }, nowMs, 'Failed', true)
}
