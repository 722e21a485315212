import { wholeNumber } from '../kubernetes/waves.ts'
import { invalid, type Reading } from './fields.ts'

/** Annotation of an Application or Kustomization: the most objects that one sync may delete without a person's confirmation. */
export const deletionBudgetKey = 'fairlead.dev/deletion-budget'

const defaultBudget = 10

/** The deletion budget that a declaration asks for, or 10. Throws `MANIFEST_INVALID` when it is not a whole number of 0 or more. */
export function readDeletionBudget(annotations: Readonly<Record<string, string>>, reading: Reading): number {
  const text = annotations[deletionBudgetKey]
  if (text === undefined) return defaultBudget
  const budget = wholeNumber(text)
  if (budget !== undefined && budget >= 0) return budget
  const pointer = ['metadata', 'annotations', deletionBudgetKey]
  throw invalid(reading, pointer, `${deletionBudgetKey} must be a whole number of 0 or more`, `write ${deletionBudgetKey}: "25"`)
}
