import { type ReadModel, resourceOf } from '@fairlead/readmodel'
import type { InventoryPort } from '@fairlead/sync'

/** How long a plan waits for the read model to reach the decision that it carries out. */
const patienceMs = 20_000

/** The inventory as the read model has it, at least as new as the decision that the plan carries out. */
export function inventoryOf(readModel: ReadModel): InventoryPort {
  return {
    async read(applications, atLeast) {
      if (applications.length === 0) return new Map()
      await readModel.waitFor(atLeast, patienceMs)
      const rows = await readModel.queries().resourcesOf(applications, undefined)
      return new Map([...Map.groupBy(rows, (row) => row.application)].map(([application, of]) => [application, of.map(resourceOf)]))
    },
  }
}
