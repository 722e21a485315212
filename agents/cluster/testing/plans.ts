import { type ApplicationId, kindRank, type ObjectRef, readSyncAnnotations } from '@fairlead/manifests'
import type { Bundle, PlannedStep, PlannedTask, StepCommand, SyncPlan } from '@fairlead/messages'
import { groupOf } from '../kubernetes/object.ts'
import type { TestHub } from './hub.ts'

export type Manifest = Record<string, unknown> & {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
}

export const refOfManifest = ({ apiVersion, kind, metadata }: Manifest): ObjectRef => ({
  group: groupOf(apiVersion),
  kind,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
})

/** A bundle of these manifests, each from a file of its own. */
export function bundleOf(manifests: readonly Manifest[]): Bundle {
  return {
    v: 1,
    objects: manifests.map((manifest) => ({
      ref: refOfManifest(manifest),
      apiVersion: manifest.apiVersion,
      origin: { path: `apps/${manifest.metadata.name}.yaml`, line: 1 },
      manifest,
    })),
  }
}

export interface PlanOptions {
  readonly operation?: string
  readonly generation?: number
  readonly prune?: readonly Manifest[]
  readonly createNamespace?: string
  readonly namespace?: string
  /** Objects of the step with this index. Default: all in one. */
  readonly stepOf?: (manifest: Manifest) => number
  readonly waitHealthy?: boolean
  readonly task?: (manifest: Manifest) => Partial<PlannedTask>
  /** What the plan says besides. */
  readonly more?: Partial<SyncPlan>
}

/** A simple plan in kind order, with its blobs at the hub. */
export function planFor(
  hub: TestHub,
  application: string,
  manifests: readonly Manifest[],
  options: PlanOptions = {},
): { plan: SyncPlan; digest: StepCommand['plan'] } {
  const bundle = bundleOf(manifests)
  const plain: Omit<PlannedTask, 'ref' | 'apiVersion' | 'action'> = {
    deletePolicies: [],
    replace: false,
    force: false,
    skipDryRun: false,
    propagation: 'foreground',
    ignoreHealth: false,
    why: 'test',
  }
  const tasks = manifests.map((manifest, object): { step: number; task: PlannedTask } => {
    const { hook } = readSyncAnnotations(manifest as unknown as Parameters<typeof readSyncAnnotations>[0])
    const action = hook.isHook ? 'hook' : 'apply'
    const deletePolicies = [...hook.deletePolicies]
    return {
      step: options.stepOf?.(manifest) ?? 0,
      task: {
        ...plain,
        ref: refOfManifest(manifest),
        apiVersion: manifest.apiVersion,
        action,
        object,
        deletePolicies,
        ...options.task?.(manifest),
      },
    }
  })
  const pruned = (options.prune ?? []).map((manifest): { step: number; task: PlannedTask } => ({
    step: 0,
    task: { ...plain, ref: refOfManifest(manifest), apiVersion: manifest.apiVersion, action: 'prune' },
  }))
  const namespaces = (options.createNamespace === undefined ? [] : [options.createNamespace]).map(
    (name): { step: number; task: PlannedTask } => ({
      step: 0,
      task: { ...plain, ref: { group: '', kind: 'Namespace', namespace: '', name }, apiVersion: 'v1', action: 'create-namespace' },
    }),
  )
  const sorted = [...namespaces, ...pruned, ...tasks.sort((a, b) => kindRank(a.task.ref.kind) - kindRank(b.task.ref.kind))]
  const last = Math.max(0, ...sorted.map(({ step }) => step))
  const steps = Array.from(
    { length: last + 1 },
    (_, index): PlannedStep => ({
      index,
      phase: 'Sync',
      wave: index,
      waitHealthy: options.waitHealthy ?? true,
      tasks: sorted.filter(({ step }) => step === index).map(({ task }) => task),
    }),
  )
  const plan: SyncPlan = {
    v: 1,
    application: application as ApplicationId,
    operation: options.operation ?? 'sync/1',
    generation: options.generation ?? 1,
    bundle: hub.put(bundle),
    commit: 'c0ffee',
    steps,
    failSteps: [],
    prunes: pruned.length,
    needsConfirmation: false,
    namespace: options.namespace ?? '',
    notes: [],
    ...options.more,
  }
  return { plan, digest: hub.put(plan) }
}

/** The command for one step of a plan. */
export function stepCommand(
  { plan, digest }: { plan: SyncPlan; digest: StepCommand['plan'] },
  step = 0,
  more: Partial<StepCommand> = {},
): StepCommand {
  return {
    application: plan.application,
    operation: plan.operation,
    attempt: 1,
    plan: digest,
    step,
    fail: false,
    dryRun: step === 0 ? 'all' : 'none',
    confirmed: true,
    deadline: new Date(Date.now() + 60_000).toISOString(),
    ...more,
  }
}
