import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { SyncPlan } from '@fairlead/messages'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { ApiFailure } from '../kubernetes/status.ts'
import { respectful } from './respect.ts'
import type { StepTask, StepTools } from './task.ts'

export type DryRunOutcome =
  /** The API server would not take it. `failure` is safe to show. */
  | { readonly outcome: 'refused'; readonly failure: Pick<ApiFailure, 'message' | 'kind'> }
  /** Applying would change nothing: this is the live object. */
  | { readonly outcome: 'same'; readonly object: KubernetesObject }
  | { readonly outcome: 'create' | 'change' }
  /** Could not be tried: its kind comes with the same plan, or the manifest says not to. */
  | { readonly outcome: 'skipped' }

/**
 * Asks the API server about every object of a plan without changing anything: server-side apply with `dryRun=All`. An object that cannot be
 * tried where it will live (its namespace is made by the same plan, it is a hook that replaces its predecessor, or `Force` will recreate it) is tried under
 * another name, so that a manifest that the server does not take is found before the first change.
 */
export async function dryRun(
  tools: StepTools,
  plan: SyncPlan,
  items: readonly StepTask[],
  exact: boolean,
  signal: AbortSignal,
): Promise<Map<StepTask, DryRunOutcome>> {
  const planned = namespacesOf(plan)
  const kinds = kindsOf(items)
  const outcomes = await Promise.all(
    items.map(
      async (item): Promise<readonly [StepTask, DryRunOutcome]> => [item, await tryOne(tools, plan, item, planned, kinds, exact, signal)],
    ),
  )
  return new Map(outcomes)
}

async function tryOne(
  tools: StepTools,
  plan: SyncPlan,
  item: StepTask,
  planned: ReadonlySet<string>,
  kinds: ReadonlySet<string>,
  exact: boolean,
  signal: AbortSignal,
): Promise<DryRunOutcome> {
  const { task, resource, manifest, namespace } = item
  if (task.action === 'prune' || task.action === 'create-namespace' || task.skipDryRun) return { outcome: 'skipped' }
  if (!resource || !manifest) {
    if (kinds.has(`${task.ref.group}/${task.ref.kind}`)) return { outcome: 'skipped' }
    return { outcome: 'refused', failure: { kind: 'absent', message: `the cluster has no kind ${task.ref.kind} in ${task.apiVersion}` } }
  }
  if (namespace !== '' && planned.has(namespace)) {
    const there = await tools.namespaces.exists(namespace)
    if (!there.ok) return { outcome: 'refused', failure: there.failure }
    if (!there.value) return elsewhere(tools, item, manifest, 'default', signal)
  }
  if (task.action === 'hook') return elsewhere(tools, item, manifest, namespace, signal)
  const sent = await respectful(tools, { ...item, resource, manifest }, plan, signal)
  if (!sent.ok) return { outcome: 'refused', failure: sent.failure }
  const answer = task.replace
    ? await tools.api.replace(resource, sent.value, { dryRun: true, validate: task.validate }, signal)
    : await tools.api.apply(resource, sent.value, { dryRun: true, validate: task.validate }, signal)
  if (answer.ok) {
    const { created, changed, object } = answer.value
    if (created) return { outcome: 'create' }
    if (task.replace) return { outcome: 'change' }
    return !changed || (exact && (await isLive(tools, item, object, signal))) ? { outcome: 'same', object } : { outcome: 'change' }
  }
  if (task.force && answer.failure.kind === 'refused') return elsewhere(tools, item, manifest, namespace, signal)
  return { outcome: 'refused', failure: answer.failure }
}

/** Whether what a dry run gave is the live object, apart from when fields were last applied. */
async function isLive(
  tools: StepTools,
  { resource, namespace, name }: StepTask,
  tried: KubernetesObject,
  signal: AbortSignal,
): Promise<boolean> {
  const live = await tools.api.get(resource!, namespace, name, signal)
  return live.ok && isDeepStrictEqual(withoutTimes(live.value), withoutTimes(tried))
}

function withoutTimes(object: KubernetesObject): KubernetesObject {
  const managedFields = object.metadata.managedFields?.map(({ time: _, ...entry }) => entry)
  return { ...object, metadata: { ...object.metadata, managedFields } as KubernetesObject['metadata'] }
}

/** Kinds whose name follows from their content. */
const namedByContent = new Set(['CustomResourceDefinition', 'APIService'])

/** Tries a manifest under a name that nobody has. Not being allowed to do so there says nothing about the object itself. */
async function elsewhere(
  tools: StepTools,
  item: StepTask,
  manifest: KubernetesObject,
  namespace: string,
  signal: AbortSignal,
): Promise<DryRunOutcome> {
  if (namedByContent.has(manifest.kind)) return { outcome: 'skipped' }
  const name = `fairlead-dry-run-${createHash('sha256').update(`${item.namespace}/${item.name}`).digest('hex').slice(0, 12)}`
  const metadata = { ...manifest.metadata, name, ...(namespace !== '' && { namespace }) }
  const answer = await tools.api.apply(item.resource!, { ...manifest, metadata }, { dryRun: true, validate: item.task.validate }, signal)
  if (answer.ok) return { outcome: 'create' }
  const elsewhereOnly = answer.failure.status === 403 && namespace !== item.namespace
  return elsewhereOnly ? { outcome: 'skipped' } : { outcome: 'refused', failure: answer.failure }
}

/** Namespaces that the plan itself makes. */
function namespacesOf(plan: SyncPlan): ReadonlySet<string> {
  const tasks = plan.steps.flatMap((step) => step.tasks)
  const making = tasks.filter(
    ({ action, ref }) => action === 'create-namespace' || (action === 'apply' && ref.group === '' && ref.kind === 'Namespace'),
  )
  return new Set(making.map(({ ref }) => ref.name))
}

/** Kinds that CustomResourceDefinitions of the plan define, as `group/kind`. */
function kindsOf(items: readonly StepTask[]): ReadonlySet<string> {
  return new Set(items.flatMap(({ manifest }) => (manifest?.kind === 'CustomResourceDefinition' ? [definedKind(manifest)] : [])))
}

/** The kind that a CustomResourceDefinition defines, as `group/kind`. */
export function definedKind(definition: KubernetesObject): string {
  const spec = definition.spec as { readonly group?: string; readonly names?: { readonly kind?: string } } | undefined
  return `${spec?.group ?? ''}/${spec?.names?.kind ?? ''}`
}
