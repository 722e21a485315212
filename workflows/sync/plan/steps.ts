import type { PlannedStep } from '@fairlead/messages'
import { byPlace, byPrune, byStep } from './order.ts'
import type { Placed } from './placed.ts'

/**
 * Tasks as steps, one for each wave of each phase, prunes of a wave before its applies (Argo CD). Every step but the last waits until its objects
 * are healthy; the last does when it holds hooks or `waitLast` asks for it.
 */
export function stepsOf(placed: readonly Placed[], waitLast: boolean): PlannedStep[] {
  const groups: Placed[][] = []
  for (const entry of [...placed].sort(byPlace)) {
    const group = groups.at(-1)
    if (group?.[0] && byStep(group[0], entry) === 0) group.push(entry)
    else groups.push([entry])
  }
  return groups.map((group, index) => stepOf(group, index, waitLast || index < groups.length - 1))
}

/** The steps of a deletion: highest wave first, each gone before the next. */
export function deleteSteps(placed: readonly Placed[]): PlannedStep[] {
  const groups = [...Map.groupBy(placed, (entry) => entry.wave)].sort(([a], [b]) => b - a)
  return groups.map(([, group], index) => stepOf(group, index, true))
}

function stepOf(group: readonly Placed[], index: number, waits: boolean): PlannedStep {
  const [first] = group as readonly [Placed, ...Placed[]]
  const namespace = group.filter((entry) => entry.task.action === 'create-namespace')
  const prunes = group.filter((entry) => entry.task.action === 'prune').sort(byPrune)
  const others = group.filter((entry) => entry.task.action === 'apply' || entry.task.action === 'hook')
  const tasks = [...namespace, ...prunes, ...others].map((entry) => entry.task)
  return { index, phase: first.phase, wave: first.wave, tasks, waitHealthy: waits || tasks.some((task) => task.action === 'hook') }
}
