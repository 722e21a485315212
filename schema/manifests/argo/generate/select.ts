import type { LabelSelector } from '../../model/application-set.ts'

/** Whether labels match a Kubernetes label selector; an empty selector matches everything. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const labelled = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  const meets = ({ key, operator, values }: LabelSelector['matchExpressions'][number]): boolean => {
    const value = labelled(key)
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
    }
  }
  return Object.entries(selector.matchLabels).every(([key, value]) => labelled(key) === value) && selector.matchExpressions.every(meets)
}
