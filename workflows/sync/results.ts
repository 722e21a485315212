import type { ErrorWhere } from '@fairlead/errors'
import type { ApplicationStepSettled, DataOf } from '@fairlead/events'
import type { SettledStep } from './contract.ts'

/** Texts only end up in the operation's last line: what an object said in full stands in the step's own event. */
const longestText = 300

/** A step's result as the workflow hears of it. */
export function settledStep({ application, attempt, step, phase, outcome, error }: DataOf<typeof ApplicationStepSettled>): SettledStep {
  const failure = error && {
    code: error.code,
    message: error.message.slice(0, longestText),
    retryable: error.retryable,
    ...(error.cause !== undefined && { cause: error.cause.slice(0, longestText) }),
    ...(error.where && { where: error.where as ErrorWhere }),
  }
  return { application, attempt, step, fail: phase === 'SyncFail', outcome, ...(failure && { failure }) }
}
