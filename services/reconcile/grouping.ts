import type { ApplicationState } from '@fairlead/readmodel'
import type { Start } from './decide.ts'

/** One application that is about to start. */
export interface Starting {
  readonly state: ApplicationState
  readonly start: Start
}

/** Applications of one operation, at most; a group that must stay together may be larger. */
export const operationSize = 250

/**
 * The operations that carry what one cause has set in motion. Different kinds never share one. Siblings with different waves, and applications that depend on
 * each other, stay together, since the order is kept inside an operation.
 */
export function groupStarts(starting: readonly Starting[]): Starting[][] {
  const kinds = Map.groupBy(starting, ({ start }) => `${start.kind} ${start.dryRun}`)
  return [...kinds.values()].flatMap((same) => pack(units(same)))
}

/** First fit: keeps the order, fills each operation before the next is begun. */
function pack(groups: readonly Starting[][]): Starting[][] {
  const operations: Starting[][] = []
  for (const group of groups) {
    const fitting = operations.find((operation) => operation.length + group.length <= operationSize)
    if (fitting) fitting.push(...group)
    else operations.push([...group])
  }
  return operations
}

/** What must not be torn apart. */
function units(starting: readonly Starting[]): Starting[][] {
  const unitOf = new Map<string, Starting[]>(starting.map((one) => [one.state.id, [one]]))
  const join = (ids: readonly string[]) => {
    const together = [...new Set(ids.map((id) => unitOf.get(id)))].filter((unit) => unit !== undefined)
    if (together.length < 2) return
    const merged = together.flat()
    for (const { state } of merged) unitOf.set(state.id, merged)
  }
  for (const siblings of waveGroups(starting)) join(siblings.map(({ state }) => state.id))
  for (const { state } of starting) join([state.id, ...(state.spec?.dependsOn ?? [])])
  return [...new Set(unitOf.values())]
}

/** Siblings of one parent that have more than one wave among them. */
export function waveGroups(starting: readonly Starting[]): Starting[][] {
  const families = Map.groupBy(starting, ({ state }) => `${state.spec?.parent.kind}/${state.spec?.parent.name}`)
  return [...families.values()].filter((siblings) => new Set(siblings.map(({ state }) => state.spec?.wave ?? 0)).size > 1)
}
