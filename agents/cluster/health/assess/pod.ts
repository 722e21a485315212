import type { KubernetesObject } from '../../kubernetes/object.ts'
import { type Assessment, conditionsOf, countOf, degraded, type Fields, fieldsOf, healthy, listOf, progressing, textOf } from './fields.ts'

/** Lets a Pod that does not restart count as Healthy while it runs (Argo CD: `ignore-restart-policy`). */
const ignoreRestartPolicy = 'argocd.argoproj.io/ignore-restart-policy'

/** Argo CD's rule for Pods; a waiting reason `Err…`, `…Error` or `…BackOff` is a failure only where the Pod is meant to run for ever. */
export function assessPod(object: KubernetesObject): Assessment {
  const [spec, status] = [fieldsOf(object.spec), fieldsOf(object.status)]
  const containers = listOf(status.containerStatuses)
  const runsForEver = textOf(spec.restartPolicy) === 'Always' || spec.restartPolicy === undefined
  if (runsForEver) {
    const stuck = containers.map((container) => fieldsOf(fieldsOf(container.state).waiting)).find(({ reason }) => isFailure(textOf(reason)))
    if (stuck) return degraded(textOf(stuck.message) || textOf(stuck.reason))
  }
  switch (status.phase) {
    case 'Pending':
      return progressing(textOf(status.message) || 'the Pod is pending')
    case 'Succeeded':
      return healthy
    case 'Failed':
      return degraded(failureOf(status))
    case 'Running':
      if (!runsForEver) return object.metadata.annotations?.[ignoreRestartPolicy] === 'true' ? healthy : progressing('the Pod is running')
      if (conditionsOf(status).some(({ type, status }) => type === 'Ready' && status === 'True')) return healthy
      if (containers.some((container) => fieldsOf(container.lastState).terminated !== undefined)) {
        return degraded('a container ended and the Pod is not ready')
      }
      return progressing('the Pod is not ready yet')
    default:
      return { health: 'Unknown', message: textOf(status.message) || 'the Pod has no phase' }
  }
}

function isFailure(reason: string): boolean {
  return reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff')
}

/** Why a Pod failed: its own message, else the first container that ended badly. */
function failureOf(status: Fields): string {
  if (textOf(status.message) !== '') return textOf(status.message)
  const all = [...listOf(status.initContainerStatuses), ...listOf(status.containerStatuses)]
  for (const container of all) {
    const end = fieldsOf(fieldsOf(container.state).terminated)
    if (textOf(end.message) !== '') return textOf(end.message)
    if (textOf(end.reason) === 'OOMKilled') return `container ${textOf(container.name)} ran out of memory`
    if (countOf(end.exitCode) !== 0) return `container ${textOf(container.name)} ended with exit code ${countOf(end.exitCode)}`
  }
  return 'the Pod failed'
}
