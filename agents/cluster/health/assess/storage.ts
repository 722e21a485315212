import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, degraded, fieldsOf, healthy, progressing } from './fields.ts'

/** Argo CD's rule for PersistentVolumeClaims: the phase. */
export function assessPersistentVolumeClaim(object: KubernetesObject): Assessment {
  switch (fieldsOf(object.status).phase) {
    case 'Bound':
      return healthy
    case 'Lost':
      return degraded('the volume is lost')
    case 'Pending':
      return progressing('no volume is bound yet')
    default:
      return { health: 'Unknown', message: 'the claim has no phase' }
  }
}
