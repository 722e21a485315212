import { isObject, type JsonObject } from '../yaml/document.ts'
import { commaList, type Hook, readHook } from './hooks.ts'
import { readWave } from './waves.ts'

/** Sync options that one object sets for itself; absent = the application's. */
export interface ObjectSyncOptions {
  /** 'false': never pruned; 'confirm': after a person confirms; 'true': although the application says otherwise. */
  readonly prune?: 'true' | 'false' | 'confirm'
  /** The same when the whole application is deleted. */
  readonly delete?: 'true' | 'false' | 'confirm'
  readonly validate?: false
  readonly skipDryRunOnMissingResource?: true
  readonly pruneLast?: true
  readonly replace?: true
  readonly force?: true
  readonly serverSideApply?: boolean
}

/** What Flux's object annotations ask for. */
export interface FluxControls {
  /** Merge keeps fields that others added; IfNotPresent only creates; Ignore never touches it. */
  readonly ssa: 'Override' | 'Merge' | 'IfNotPresent' | 'Ignore'
  /** Not applied, not pruned. */
  readonly reconcile: boolean
  /** Variables are replaced in it. */
  readonly substitute: boolean
}

/** Everything that the annotations and labels of one rendered object say about its sync. */
export interface SyncAnnotations {
  readonly hook: Hook
  readonly wave: number
  readonly options: ObjectSyncOptions
  /** Not a sign of OutOfSync when only the cluster has it. */
  readonly ignoreExtraneous: boolean
  /** Its health does not count. */
  readonly ignoreHealth: boolean
  readonly flux: FluxControls
  /** Values that mean nothing, so that nobody waits for what will not happen: `argocd.argoproj.io/hook: Presync`. */
  readonly unknown: readonly { readonly annotation: string; readonly value: string }[]
}

const syncOptionsKey = 'argocd.argoproj.io/sync-options'
const compareOptionsKey = 'argocd.argoproj.io/compare-options'
const fluxKey = 'kustomize.toolkit.fluxcd.io'

const objectOptions: Readonly<Record<string, ObjectSyncOptions>> = {
  'Prune=true': { prune: 'true' },
  'Prune=false': { prune: 'false' },
  'Prune=confirm': { prune: 'confirm' },
  'Delete=true': { delete: 'true' },
  'Delete=false': { delete: 'false' },
  'Delete=confirm': { delete: 'confirm' },
  'Validate=false': { validate: false },
  'SkipDryRunOnMissingResource=true': { skipDryRunOnMissingResource: true },
  'PruneLast=true': { pruneLast: true },
  'Replace=true': { replace: true },
  'Force=true': { force: true },
  'ServerSideApply=true': { serverSideApply: true },
  'ServerSideApply=false': { serverSideApply: false },
  // Argo CD compares the whole text, so these say the default: `Replace=false` does not cancel the application's `Replace=true`.
  'Validate=true': {},
  'SkipDryRunOnMissingResource=false': {},
  'PruneLast=false': {},
  'Replace=false': {},
  'Force=false': {},
}
const compareOptions = ['IgnoreExtraneous', 'ServerSideDiff=true', 'ServerSideDiff=false', 'IncludeMutationWebhook=true']

/** Reads one object. Pure and total: nothing that an object says makes it throw. */
export function readSyncAnnotations(object: JsonObject): SyncAnnotations {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const annotations = texts(metadata['annotations'])
  const marked = fluxMarks(texts(metadata['labels']), annotations)
  const compare = commaList(annotations[compareOptionsKey])
  return {
    hook: readHook(annotations),
    wave: readWave(annotations),
    options: readOptions(annotations, marked),
    ignoreExtraneous: compare.includes('IgnoreExtraneous'),
    ignoreHealth: annotations['argocd.argoproj.io/ignore-healthcheck'] === 'true',
    flux: {
      ssa: readSsa(marked),
      reconcile: !marked('reconcile', 'disabled'),
      substitute: !marked('substitute', 'disabled'),
    },
    unknown: unknownValues(annotations, compare),
  }
}

function readOptions(annotations: Readonly<Record<string, string>>, marked: Marked): ObjectSyncOptions {
  let options: ObjectSyncOptions = {}
  if (annotations['helm.sh/resource-policy'] === 'keep') options = { ...options, delete: 'false' }
  if (marked('prune', 'disabled')) options = { ...options, prune: 'false', delete: 'false' }
  if (marked('force', 'enabled')) options = { ...options, force: true }
  for (const text of commaList(annotations[syncOptionsKey])) options = { ...options, ...optionOf(text) }
  return options
}

function optionOf(text: string): ObjectSyncOptions | undefined {
  return Object.hasOwn(objectOptions, text) ? objectOptions[text] : undefined
}

function readSsa(marked: Marked): FluxControls['ssa'] {
  return marked('ssa', 'ignore') ? 'Ignore' : marked('ssa', 'ifnotpresent') ? 'IfNotPresent' : marked('ssa', 'merge') ? 'Merge' : 'Override'
}

function unknownValues(annotations: Readonly<Record<string, string>>, compare: readonly string[]): SyncAnnotations['unknown'] {
  const known: readonly [string, (value: string) => boolean][] = [
    [syncOptionsKey, (value) => optionOf(value) !== undefined],
    [compareOptionsKey, (value) => compareOptions.includes(value)],
    ['argocd.argoproj.io/hook', (value) => value === 'Skip' || readHook({ 'argocd.argoproj.io/hook': value }).phases.length > 0],
    ['argocd.argoproj.io/hook-delete-policy', (value) => ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'].includes(value)],
    ['argocd.argoproj.io/sync-wave', (value) => /^[-+]?[0-9]+$/.test(value)],
  ]
  return known.flatMap(([annotation, isKnown]) => {
    const values = annotation === compareOptionsKey ? compare : commaList(annotations[annotation])
    return values.filter((value) => !isKnown(value)).map((value) => ({ annotation, value }))
  })
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

type Marked = (key: string, value: string) => boolean

/** Flux heeds its marks on labels and annotations alike, without regard to case. */
function fluxMarks(...places: readonly Readonly<Record<string, string>>[]): Marked {
  return (key, value) => places.some((place) => place[`${fluxKey}/${key}`]?.toLowerCase() === value)
}
