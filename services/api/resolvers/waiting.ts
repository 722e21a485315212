import type { ApplicationRow, PartRecord } from '@fairlead/readmodel'
import type { Loads } from '../graphql/loads.ts'

const shown = 3

/** What an application's running operation waits for, in words. */
export async function waitingFor(loads: Loads, part: PartRecord, row: ApplicationRow): Promise<string> {
  if (part.terminate_from !== null) return 'the running step to stop'
  if (part.awaiting && part.confirmed_from === null) {
    return `a person's confirmation to delete ${count(part.awaiting.prunes.length, 'object')}`
  }
  const [plans, steps] = await Promise.all([loads.plans(part.id), loads.steps(part.id)])
  const plan = plans?.at(-1)
  const settled = (steps ?? []).filter((step) => step.attempt === plan?.attempt)
  if (settled.length === 0) {
    const before = await goesFirst(loads, part, row)
    if (before.length > 0) return `${some(before)} to be healthy first`
  }
  if (!plan) return 'its plan'
  const step = plan.steps[settled.length]
  if (!step) return 'the end of the operation'
  const resources = (await loads.resources(row.id)) ?? []
  const unwell = resources
    .filter((resource) => !resource.hook && resource.wave === step.wave && resource.health !== 'Healthy')
    .map((resource) => `${resource.kind}/${resource.name} (${resource.health})`)
  const what = unwell.length > 0 ? some(unwell) : count(step.tasks, 'object')
  return `${step.phase} wave ${step.wave}: ${what}`
}

/** Applications of the same operation that come before this one (sync wave among siblings, dependsOn) and are not done. */
async function goesFirst(loads: Loads, part: PartRecord, row: ApplicationRow): Promise<string[]> {
  const spec = await specOf(loads, row)
  if (!spec) return []
  const others = ((await loads.partsOfOperation(part.operation)) ?? []).filter(
    (other) => other.application !== row.id && other.finished_from === null,
  )
  const before: string[] = []
  for (const other of others) {
    const otherRow = await loads.application(other.application)
    const theirs = otherRow && (await specOf(loads, otherRow))
    if (!theirs) continue
    const sibling = theirs.parent.kind === spec.parent.kind && theirs.parent.name === spec.parent.name
    if ((sibling && theirs.wave < spec.wave) || spec.dependsOn.includes(theirs.id)) before.push(otherRow.name)
  }
  return before.sort()
}

async function specOf(loads: Loads, row: ApplicationRow) {
  return row.spec_from === null ? undefined : (await loads.spec({ id: row.id, valid_from: row.spec_from }))?.spec
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

function some(names: readonly string[]): string {
  const rest = names.length - shown
  return `${names.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
