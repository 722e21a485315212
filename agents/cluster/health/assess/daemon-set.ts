import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, countOf, fieldsOf, healthy, progressing, unobserved } from './fields.ts'

/** `kubectl rollout status`, as Argo CD applies it to DaemonSets. */
export function assessDaemonSet(object: KubernetesObject): Assessment {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)]
  if (unobserved(object, status)) return progressing('the newest specification has not been observed yet')
  if (fieldsOf(spec.updateStrategy).type === 'OnDelete') return healthy
  const [wanted, updated, available] = [
    countOf(status.desiredNumberScheduled),
    countOf(status.updatedNumberScheduled),
    countOf(status.numberAvailable),
  ]
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods are updated`)
  return available < wanted ? progressing(`${available} of ${wanted} pods are available`) : healthy
}
