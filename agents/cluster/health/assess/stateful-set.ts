import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, countOf, fieldsOf, healthy, progressing, textOf, unobserved } from './fields.ts'

/** `kubectl rollout status`, as Argo CD applies it to StatefulSets: a partitioned roll-out is over when its part is. */
export function assessStatefulSet(object: KubernetesObject): Assessment {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)]
  if (countOf(status.observedGeneration) === 0 || unobserved(object, status)) {
    return progressing('the newest specification has not been observed yet')
  }
  const [wanted, ready] = [countOf(spec.replicas), countOf(status.readyReplicas)]
  if (ready < wanted) return progressing(`${ready} of ${wanted} pods are ready`)
  const strategy = fieldsOf(spec.updateStrategy)
  if (strategy.type === 'OnDelete') return healthy
  const updated = countOf(status.updatedReplicas)
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) {
    const partition = countOf(fieldsOf(strategy.rollingUpdate).partition)
    return updated < wanted - partition ? progressing(`${updated} of ${wanted - partition} pods are updated`) : healthy
  }
  if (textOf(status.updateRevision) !== textOf(status.currentRevision)) return progressing(`${updated} of ${wanted} pods are updated`)
  return healthy
}
