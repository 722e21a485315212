import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, conditionsOf, degraded, fieldsOf, healthy, progressing, suspended } from './fields.ts'

/** Argo CD's rule for Jobs. */
export function assessJob(object: KubernetesObject): Assessment {
  const isTrue = conditionsOf(fieldsOf(object.status)).filter(({ status }) => status === 'True')
  const failed = isTrue.find(({ type }) => type === 'Failed')
  if (failed) return degraded(failed.message || 'the Job failed')
  if (isTrue.some(({ type }) => type === 'Complete')) return healthy
  const paused = isTrue.find(({ type }) => type === 'Suspended')
  return paused ? suspended(paused.message || 'the Job is suspended') : progressing('the Job is running')
}

/** A CronJob is well when it is allowed to run; how its Jobs end is theirs to tell. */
export function assessCronJob(object: KubernetesObject): Assessment {
  return fieldsOf(object.spec).suspend === true ? suspended('the CronJob is suspended') : healthy
}
