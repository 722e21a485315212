/**
 * The clock inside a workflow, milliseconds since the epoch. Temporal puts its own `Date` into the workflow's world: time stands still while a task is
 * worked on and is read from the history on replay. Outside of a workflow this would be the machine's clock; nothing else may use it.
 */
export const { now: workflowNowMs } = Date
