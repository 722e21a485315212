import type { RawEvent } from '@fairlead/ledger'
import type { LogReader } from '../log/audit-log.ts'
import { readRawLog } from '../log/read-log.ts'

export interface PopulationRange {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly projects: readonly string[] | undefined
}

/** What a register of a period has to hold. */
export interface Population {
  /** Applications' parts in operations that are no dry runs. */
  readonly changes: number
  readonly outOfBand: number
  /** Parts in operations, dry runs too … */
  readonly parts: number
  /** … and how many the operations themselves said there would be. */
  readonly announced: number
}

const types = ['operation.started', 'application.operation-started', 'application.drift-detected', 'application.declared']

interface Facts {
  readonly application: string
  readonly applications: readonly string[]
  readonly dryRun: boolean
  readonly drift: string
  readonly spec: { readonly project: string }
}

/**
 * Counts what a register has to hold, on another way than the register: events as they are stored, one at a time, without following what becomes of a
 * change. It shares no code with the fold but the reading of pages.
 */
export async function countPopulation(log: LogReader, range: PopulationRange, signal?: AbortSignal): Promise<Population> {
  const { from, to, projects } = range
  const projectOf = new Map<string, string>()
  const seen = (application: string) => projects === undefined || projects.includes(projectOf.get(application) ?? '')
  let [changes, outOfBand, parts, announced] = [0, 0, 0, 0]
  for await (const page of readRawLog(log, { to: Math.min(to, range.at), types }, signal)) {
    for (const event of page) {
      if (event.type === 'application.declared') {
        if (projects !== undefined) remember(projectOf, event)
        continue
      }
      if (event.position < from) continue
      const { application, applications, dryRun } = JSON.parse(event.data) as Facts
      if (event.type === 'operation.started') announced += applications.filter(seen).length
      else if (!seen(application)) continue
      else if (event.type === 'application.drift-detected') outOfBand++
      else {
        parts++
        if (!dryRun) changes++
      }
    }
  }
  return { changes, outOfBand, parts, announced }
}

function remember(projectOf: Map<string, string>, event: RawEvent): void {
  const { application, spec } = JSON.parse(event.data) as Facts
  projectOf.set(application, spec.project)
}
