import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, type Condition, conditionsOf, degraded, fieldsOf, healthy, progressing } from './fields.ts'

/** Where autoscaling/v1 keeps the conditions that v2 has in its status. */
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions'

/** Type and reason of conditions that mean failure (Argo CD). */
const failures = new Set([
  'AbleToScale/FailedGetScale',
  'AbleToScale/FailedUpdateScale',
  'ScalingActive/FailedGetResourceMetric',
  'ScalingActive/InvalidSelector',
])

/** Argo CD's rule for HorizontalPodAutoscalers: the first condition that says anything decides. */
export function assessHorizontalPodAutoscaler(object: KubernetesObject): Assessment {
  for (const condition of conditions(object)) {
    if (failures.has(`${condition.type}/${condition.reason}`)) return degraded(condition.message)
    if ((condition.type === 'AbleToScale' || condition.type === 'ScalingLimited') && condition.status === 'True') return healthy
  }
  return progressing('waiting to autoscale')
}

function conditions(object: KubernetesObject): readonly Condition[] {
  const own = conditionsOf(fieldsOf(object.status))
  if (own.length > 0) return own
  try {
    return conditionsOf({ conditions: JSON.parse(object.metadata.annotations?.[conditionsAnnotation] ?? '[]') as unknown })
  } catch {
    return []
  }
}
