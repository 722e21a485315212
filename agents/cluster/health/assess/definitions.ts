import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, conditionsOf, degraded, fieldsOf, healthy, progressing } from './fields.ts'

/** A CustomResourceDefinition is well when its objects can be created. */
export function assessCustomResourceDefinition(object: KubernetesObject): Assessment {
  const conditions = conditionsOf(fieldsOf(object.status))
  const refused = conditions.find(({ type, status }) => type === 'NamesAccepted' && status === 'False')
  if (refused) return degraded(refused.message || 'its names are taken')
  return conditions.some(({ type, status }) => type === 'Established' && status === 'True')
    ? healthy
    : progressing('it is not established yet')
}

/** An APIService is well when the server behind it answers (Argo CD). */
export function assessApiService(object: KubernetesObject): Assessment {
  const available = conditionsOf(fieldsOf(object.status)).find(({ type }) => type === 'Available')
  if (available?.status === 'True') return healthy
  return progressing(available ? `${available.reason}: ${available.message}` : 'waiting to be processed')
}
