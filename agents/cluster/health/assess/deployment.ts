import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, conditionsOf, countOf, degraded, fieldsOf, healthy, progressing, suspended, unobserved } from './fields.ts'

/** `kubectl rollout status`, as Argo CD applies it to Deployments. */
export function assessDeployment(object: KubernetesObject): Assessment {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)]
  if (spec.paused === true) return suspended('the Deployment is paused')
  if (unobserved(object, status)) return progressing('the newest specification has not been observed yet')
  const late = conditionsOf(status).find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded')
  if (late) return degraded(`the Deployment exceeded its progress deadline${late.message === '' ? '' : `: ${late.message}`}`)
  const [wanted, updated] = [countOf(spec.replicas), countOf(status.updatedReplicas)]
  if (updated < wanted) return progressing(`${updated} of ${wanted} new replicas have been created`)
  const old = countOf(status.replicas) - updated
  if (old > 0) return progressing(`${old} old replicas are still to go`)
  const available = countOf(status.availableReplicas)
  if (available < updated) return progressing(`${available} of ${updated} new replicas are available`)
  return healthy
}
