import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, fieldsOf, healthy, listOf, progressing } from './fields.ts'

/** A Service of type LoadBalancer is well when it has an address; any other exists and is well (Argo CD). */
export function assessService(object: KubernetesObject): Assessment {
  if (fieldsOf(object.spec).type !== 'LoadBalancer') return healthy
  return hasAddress(object) ? healthy : progressing('the load balancer has no address yet')
}

/** An Ingress is well when its controller has given it an address (Argo CD). */
export function assessIngress(object: KubernetesObject): Assessment {
  return hasAddress(object) ? healthy : progressing('no ingress controller has given it an address yet')
}

function hasAddress(object: KubernetesObject): boolean {
  return listOf(fieldsOf(fieldsOf(object.status).loadBalancer).ingress).length > 0
}
