import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, conditionsOf, countOf, degraded, fieldsOf, healthy, progressing, unobserved } from './fields.ts'

/** Argo CD's rule for ReplicaSets. */
export function assessReplicaSet(object: KubernetesObject): Assessment {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)]
  if (unobserved(object, status)) return progressing('the newest specification has not been observed yet')
  const failure = conditionsOf(status).find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  if (failure) return degraded(failure.message)
  const [wanted, available] = [countOf(spec.replicas), countOf(status.availableReplicas)]
  return available < wanted ? progressing(`${available} of ${wanted} replicas are available`) : healthy
}
