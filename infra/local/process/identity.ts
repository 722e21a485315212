import { processStart } from '@fairlead/toolchain'

/** One process for ever: ids are reused, an id together with its start is not. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as this system tells it. Compared, never read. */
  readonly start: string
}

/** The identity of the process that has `pid` now, or undefined when there is none (a zombie is none: it can neither work nor be ended). */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = processStart(pid)
  return start === undefined ? undefined : { pid, start }
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return processStart(identity.pid) === identity.start
}
