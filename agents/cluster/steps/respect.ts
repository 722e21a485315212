import type { SyncPlan } from '@fairlead/messages'
import { appliesTo, ignoredOf } from '../drift/diff/ignored.ts'
import { keepIgnored } from '../drift/keep-ignored.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'
import { type Answer, succeeded } from '../kubernetes/status.ts'
import type { StepTask, StepTools } from './task.ts'

/**
 * What is sent for an object: its manifest, with the live values in the fields that the plan says a sync does not change. An object that is not there yet gets
 * everything (Argo CD: RespectIgnoreDifferences). Costs a request for each object that a rule speaks of, and none for the others.
 */
export async function respectful(
  tools: Pick<StepTools, 'api'>,
  item: StepTask & { readonly resource: ApiResource; readonly manifest: KubernetesObject },
  { ignoreDifferences: rules = [] }: Pick<SyncPlan, 'ignoreDifferences'>,
  signal: AbortSignal,
): Promise<Answer<KubernetesObject>> {
  const { task, resource, manifest, namespace, name } = item
  if (task.action !== 'apply' || !rules.some((rule) => appliesTo(rule, task.ref))) return succeeded(manifest)
  const live = await tools.api.get(resource, namespace, name, signal)
  if (!live.ok) return live.failure.kind === 'absent' ? succeeded(manifest) : live
  return succeeded(keepIgnored(manifest, live.value, ignoredOf(rules, task.ref, live.value).patterns, task.replace))
}
