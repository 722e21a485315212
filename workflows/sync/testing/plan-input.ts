import {
  type ApplicationId,
  type ApplicationSpec,
  type Digest,
  defaultSyncOptions,
  type Health,
  type ResourceState,
  type SyncOptions,
  type SyncPolicy,
} from '@fairlead/manifests'
import type { BundleObject, SyncPlan } from '@fairlead/messages'
import type { PlanInput, PlannedOperation } from '../plan/input.ts'
import { planSync } from '../plan/plan.ts'

const groups: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  StatefulSet: 'apps',
  Job: 'batch',
  CustomResourceDefinition: 'apiextensions.k8s.io',
  Widget: 'example.org',
  Gadget: 'example.org',
  Secrets: 'example.org',
}
const unscoped = new Set(['Namespace', 'CustomResourceDefinition', 'ClusterRole'])

/** A reference from `Kind/name`, in namespace `shop` unless the kind has none or `Kind/namespace/name` says otherwise. */
export function ref(text: string) {
  const [kind = '', ...rest] = text.split('/')
  const name = rest.at(-1) ?? ''
  const namespace = unscoped.has(kind) ? '' : rest.length > 1 ? (rest[0] ?? '') : 'shop'
  return { group: groups[kind] ?? '', kind, namespace, name }
}

type Annotations = Readonly<Record<string, string>>
/** Short names of annotations: `wave`, `hook`, `policy`, `options`; others are written in full. */
const short: Readonly<Record<string, string>> = {
  wave: 'argocd.argoproj.io/sync-wave',
  hook: 'argocd.argoproj.io/hook',
  policy: 'argocd.argoproj.io/hook-delete-policy',
  options: 'argocd.argoproj.io/sync-options',
}

/** An object of a bundle. */
export function object(text: string, annotations: Annotations = {}, more: Readonly<Record<string, unknown>> = {}): BundleObject {
  const to = ref(text)
  const named = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [short[key] ?? key, value]))
  const apiVersion = to.group === '' ? 'v1' : `${to.group}/v1`
  const metadata = { name: to.name, ...(to.namespace && { namespace: to.namespace }), annotations: named }
  return { ref: to, apiVersion, origin: { path: 'all.yaml' }, manifest: { apiVersion, kind: to.kind, metadata, ...more } }
}

/** A definition of `example.org/<kind>`. */
export const definition = (kind: string, annotations: Annotations = {}): BundleObject =>
  object(`CustomResourceDefinition/${kind.toLowerCase()}s.example.org`, annotations, { spec: { group: 'example.org', names: { kind } } })

/** A live object. */
export function live(text: string, wave = 0, health: Health = 'Healthy', more: Partial<ResourceState> = {}): ResourceState {
  const to = ref(text)
  return { ref: to, apiVersion: to.group === '' ? 'v1' : `${to.group}/v1`, health, sync: 'Synced', hook: false, wave, ...more }
}

export interface InputOptions {
  readonly bundle?: readonly BundleObject[]
  readonly previous?: readonly BundleObject[]
  readonly inventory?: readonly ResourceState[]
  readonly operation?: Partial<PlannedOperation>
  readonly options?: Partial<SyncOptions>
  readonly policy?: Partial<SyncPolicy>
  readonly spec?: Partial<ApplicationSpec>
  readonly waitLast?: boolean
}

/** A plan's input with every field at its usual value. */
export function planInput(more: InputOptions = {}): PlanInput {
  const options: SyncOptions = { ...defaultSyncOptions, ...more.options }
  return {
    spec: specOf(options, more),
    operation: {
      id: 'sync/1',
      kind: 'sync',
      cause: 'automated',
      prune: true,
      force: false,
      startedAt: '2026-11-24T10:00:00.000Z',
      ...more.operation,
    },
    bundle: { digest: 'b'.repeat(64) as Digest, objects: more.bundle ?? [] },
    previous: more.previous ?? [],
    inventory: more.inventory ?? [],
    generation: 5,
    commit: '9f3c1d2a4b5e6f708192a3b4c5d6e7f801234567',
    waitLast: more.waitLast ?? false,
  }
}

/** A declaration with every field at its usual value. */
export function specOf(options: SyncOptions, more: Pick<InputOptions, 'policy' | 'spec'> = {}): ApplicationSpec {
  const retry = { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 }
  const syncPolicy = {
    automated: true,
    prune: true,
    selfHeal: false,
    allowEmpty: false,
    retry,
    options,
    deletionBudget: 10,
    ...more.policy,
  }
  return {
    id: 'shop' as ApplicationId,
    name: 'shop',
    namespace: 'argocd',
    kind: 'argo-application',
    project: 'default',
    labels: {},
    annotations: {},
    sources: [{ repoURL: 'https://git.example.org/shop.git', targetRevision: 'HEAD', path: '.', render: { tool: 'detect' } }],
    destination: { name: 'east', namespace: 'shop' },
    syncPolicy,
    ignoreDifferences: [],
    revisionHistoryLimit: 10,
    info: [],
    wave: 0,
    dependsOn: [],
    parent: { kind: 'fleet', name: 'fleet' },
    suspended: false,
    healthChecks: [],
    cascade: true,
    declaredAt: {
      repository: 'https://git.example.org/fleet.git',
      commit: '9f3c1d2a4b5e6f708192a3b4c5d6e7f801234567',
      path: 'apps.yaml',
      line: 1,
    },
    ...more.spec,
  }
}

/** The plan; fails the test when it is refused. */
export function plan(more: InputOptions = {}): SyncPlan {
  const planned = planSync(planInput(more))
  if (planned.outcome !== 'planned') throw new Error(planned.message)
  return planned.plan
}

/** Steps as text: `Sync 0: apply Deployment/web, prune Service/old`, with `*` where the step waits for health. */
export function shownSteps(steps: SyncPlan['steps']): string[] {
  return steps.map(({ phase, wave, tasks, waitHealthy }) => {
    const list = tasks.map(({ action, ref: to }) => `${action} ${to.kind}/${to.name}`)
    return `${phase} ${wave}${waitHealthy ? '*' : ''}: ${list.join(', ')}`
  })
}
