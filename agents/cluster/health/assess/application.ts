import { type Health, worstHealth } from '@fairlead/manifests'
import type { Assessment } from './fields.ts'

/** One object of an application, as its health counts. */
export interface Child {
  readonly health: Health
  readonly message?: string | undefined
  readonly hook: boolean
  /** Annotation `argocd.argoproj.io/ignore-healthcheck`. */
  readonly ignoreHealth: boolean
  /** `Kind namespace/name`, for the message. */
  readonly name: string
}

/**
 * Health of an application: that of its worst object. Hooks and objects that say so do not count, and neither do missing objects
 * unless not one object is there (Argo CD: application health).
 */
export function assessApplication(children: Iterable<Child>): Assessment {
  const counted = [...children].filter((child) => !child.hook && !child.ignoreHealth)
  const live = counted.filter((child) => child.health !== 'Missing')
  if (live.length === 0) {
    return counted.length === 0 ? { health: 'Healthy' } : { health: 'Missing', message: 'none of its objects exists' }
  }
  const health = worstHealth(live.map((child) => child.health))
  const worst = live.find((child) => child.health === health)
  if (health === 'Healthy' || !worst) return { health }
  return { health, message: worst.message === undefined ? worst.name : `${worst.name}: ${worst.message}` }
}
