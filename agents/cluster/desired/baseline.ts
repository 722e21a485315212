import { type Digest, type ObjectRef, readSyncAnnotations } from '@fairlead/manifests'
import { Bundle } from '@fairlead/messages'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Inventory } from '../objects/inventory.ts'
import { keyOfEntry, type ManagedEntry } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import type { Watches } from '../objects/watches.ts'
import { extraneousOf } from '../steps/extraneous.ts'
import { namespaceOf } from '../steps/prepare.ts'

export interface BaselineTools {
  readonly api: KubernetesApi
  readonly tracker: Tracker
  readonly watches: Watches
  readonly inventory: Inventory
  readonly blob: (digest: Digest) => Promise<Buffer>
}

/**
 * Takes the bundle that the hub says was last synced in full as what was last applied, for an application of which this agent has lost its own record. Nothing
 * is written to the cluster; what differs shows as drift.
 */
export async function rebuildBaseline(tools: BaselineTools, application: string, digest: Digest): Promise<void> {
  const { api, tracker, watches, inventory } = tools
  const bundle = Bundle.parse(JSON.parse((await tools.blob(digest)).toString('utf8')))
  const entries: ManagedEntry[] = []
  for (const [index, object] of bundle.objects.entries()) {
    const manifest = object.manifest as KubernetesObject
    const { hook, wave, ignoreHealth, options } = readSyncAnnotations(object.manifest as Parameters<typeof readSyncAnnotations>[0])
    const resource = hook.isHook ? undefined : await api.find(object.apiVersion, object.ref.kind)
    if (!resource) continue
    const namespace = namespaceOf(manifest.metadata.namespace, ownerOf(application, object.ref), resource)
    entries.push({
      application,
      ref: object.ref,
      apiVersion: object.apiVersion,
      namespace,
      source: { bundle: digest, index },
      hook: false,
      wave,
      ignoreHealth,
      // What the application itself says of validation is not in the bundle; its next sync brings it back.
      ...(options.validate === false && { validate: false }),
    })
  }
  const kept = new Set(entries.map(keyOfEntry))
  for (const managed of [...tracker.of(application)]) {
    if (kept.has(managed.key)) continue
    // A sync that had nothing to apply has left it; the agent was not asked to do anything, and learns it from here.
    const manifest = managed.manifest === undefined ? undefined : (JSON.parse(managed.manifest) as KubernetesObject)
    if (managed.entry.hook || managed.entry.source === null) tracker.release(managed.key)
    else if (!managed.entry.extraneous) tracker.leave(managed, manifest ? extraneousOf(manifest) : 'counted')
  }
  for (const entry of entries) {
    tracker.adopt(entry, inventory.manifestOf(entry, bundle))
    watches.ensure(entry.apiVersion, entry.ref.kind)
  }
  inventory.save(application, { bundle: digest })
}

function ownerOf(application: string, ref: ObjectRef): Parameters<typeof namespaceOf>[1] {
  return { application, namespace: ref.namespace } as Parameters<typeof namespaceOf>[1]
}

/**
 * Takes up the entries on disk: gives them their manifests back and watches their kinds. Objects whose bundle is not on this disk are watched for health only;
 * the bundles that are missing are returned.
 */
export async function loadBaseline(tools: BaselineTools, entries: readonly ManagedEntry[]): Promise<Digest[]> {
  const { tracker, watches, inventory, blob } = tools
  const missing: Digest[] = []
  const bySource = Map.groupBy(entries, ({ source }) => source?.bundle)
  for (const [digest, group] of bySource) {
    const bytes = digest === undefined ? undefined : await blob(digest).catch(() => void missing.push(digest))
    const bundle = bytes && Bundle.parse(JSON.parse(bytes.toString('utf8')))
    for (const entry of group) tracker.adopt(entry, bundle && inventory.manifestOf(entry, bundle))
  }
  for (const entry of entries) watches.ensure(entry.apiVersion, entry.ref.kind)
  return missing
}
