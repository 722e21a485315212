import { FairleadError } from '@fairlead/errors'
import { type Digest, type ObjectRef, readSyncAnnotations, refKey } from '@fairlead/manifests'
import { Bundle, type CommandBody, type ObjectDifference } from '@fairlead/messages'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { codeOf } from '../kubernetes/status.ts'
import { maskObject, maskPair } from '../mask.ts'
import { keyOfEntry } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import { forbids } from '../policy/decide.ts'
import type { AgentPolicy } from '../policy/policy.ts'
import { prepare } from '../steps/prepare.ts'
import { fieldDifferences } from './difference.ts'

export interface InspectTools {
  readonly api: KubernetesApi
  readonly tracker: Tracker
  readonly policy: AgentPolicy
  readonly blob: (digest: Digest) => Promise<Buffer>
}

type DiffBody = Extract<CommandBody, { type: 'diff' }>

/** The reply must fit into one message. */
const maxReplyBytes = 700 * 1024

/**
 * What applying a bundle would change of the live objects, found by dry runs; nothing is written. Values of Secrets are masked on both sides before they are
 * compared field by field (`mask.ts`).
 */
export async function diffBundle(tools: InspectTools, body: DiffBody, signal: AbortSignal): Promise<ObjectDifference[]> {
  const bundle = Bundle.parse(JSON.parse((await tools.blob(body.bundle)).toString('utf8')))
  const wanted = body.refs && new Set(body.refs.map(refKey))
  const objects = bundle.objects.filter(({ ref, manifest }) => !syncAnnotations(manifest).hook.isHook && (wanted?.has(refKey(ref)) ?? true))
  const differences = await Promise.all(objects.map((object) => diffObject(tools, body.application, object, signal)))
  return withinReply([...differences, ...(wanted ? [] : prunes(tools.tracker, body.application, bundle))])
}

function syncAnnotations(manifest: Record<string, unknown>): ReturnType<typeof readSyncAnnotations> {
  return readSyncAnnotations(manifest as Parameters<typeof readSyncAnnotations>[0])
}

async function diffObject(
  tools: InspectTools,
  application: DiffBody['application'],
  object: Bundle['objects'][number],
  signal: AbortSignal,
): Promise<ObjectDifference> {
  const { api, policy } = tools
  const { ref } = object
  const refused = (message: string): ObjectDifference => ({ ref, change: 'refused', fields: [], message })
  const forbidden = forbids(policy, ref)
  if (forbidden !== undefined) return refused(forbidden)
  const resource = await api.find(object.apiVersion, ref.kind)
  if (!resource) return refused(`the cluster has no kind ${ref.kind} in ${object.apiVersion}`)
  const manifest = prepare(object, { application, namespace: ref.namespace }, resource)
  const { name, namespace = '' } = manifest.metadata
  const known = tools.tracker.get(keyOfEntry({ ref, namespace }))?.entry
  const validate = known?.validate !== false && syncAnnotations(object.manifest).options.validate !== false
  const [live, tried] = await Promise.all([
    api.get(resource, namespace, name, signal),
    api.apply(resource, manifest, { dryRun: true, validate }, signal),
  ])
  if (!live.ok && live.failure.kind !== 'absent') return refused(live.failure.message)
  if (!tried.ok) {
    // A namespace that the sync would make first.
    return tried.failure.missingNamespace ? { ref, change: 'create', fields: [] } : refused(tried.failure.message)
  }
  if (!live.ok) return { ref, change: 'create', fields: [] }
  const [before, after] = maskPair(live.value, tried.value.object)
  const fields = fieldDifferences(before as KubernetesObject, after as KubernetesObject)
  return { ref, change: fields.length === 0 ? 'none' : 'modify', fields }
}

/** Managed objects that the bundle no longer has. */
function prunes(tracker: Tracker, application: string, bundle: Bundle): ObjectDifference[] {
  const kept = new Set(bundle.objects.map(({ ref }) => refKey(ref)))
  return [...tracker.of(application)]
    .filter(
      ({ entry, liveness }) =>
        !entry.hook && (entry.source !== null || entry.extraneous) && liveness !== 'missing' && !kept.has(refKey(entry.ref)),
    )
    .map(({ entry }) => ({ ref: entry.ref, change: 'prune', fields: [] }))
}

/** Leaves out values, last objects first, until the reply is small enough; the paths stay. */
function withinReply(differences: ObjectDifference[]): ObjectDifference[] {
  let bytes = 0
  return differences.map((difference) => {
    bytes += JSON.stringify(difference).length
    if (bytes <= maxReplyBytes) return difference
    return {
      ...difference,
      fields: difference.fields.slice(0, 20).map(({ path }) => ({ path })),
      message: 'values left out: the answer would be too large',
    }
  })
}

/** A live object for a person's eyes, masked; null when it does not exist. Throws `AGENT_REFUSED` when the policy hides it, `KUBERNETES_UNREACHABLE`. */
export async function getObject(
  tools: InspectTools,
  ref: ObjectRef,
  apiVersion: string,
  signal: AbortSignal,
): Promise<KubernetesObject | null> {
  const forbidden = forbids(tools.policy, ref)
  if (forbidden !== undefined) throw new FairleadError('AGENT_REFUSED', forbidden)
  const resource = await tools.api.find(apiVersion, ref.kind)
  if (!resource) return null
  const live = await tools.api.get(resource, ref.namespace, ref.name, signal)
  if (live.ok) return maskObject(live.value)
  if (live.failure.kind === 'absent') return null
  throw new FairleadError(codeOf(live.failure), live.failure.message)
}
