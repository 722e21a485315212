import { commaList } from '../kubernetes/hooks.ts'
import type { SyncOptions } from '../model/application.ts'
import { type Reading, warn } from '../read/fields.ts'
import { suggest } from '../read/suggest.ts'
import type { Pointer } from '../yaml/document.ts'

type Change = Partial<SyncOptions>

/** Every sync option of Argo CD that an application may carry, as it is written, with what it changes. Argo CD compares the whole text. */
const applicationOptions: Readonly<Record<string, Change>> = {
  'CreateNamespace=true': { createNamespace: true },
  'CreateNamespace=false': {},
  'PruneLast=true': { pruneLast: true },
  'PruneLast=false': {},
  'PrunePropagationPolicy=foreground': { prunePropagation: 'foreground' },
  'PrunePropagationPolicy=background': { prunePropagation: 'background' },
  'PrunePropagationPolicy=orphan': { prunePropagation: 'orphan' },
  'Prune=true': {},
  'Prune=false': { prune: 'false' },
  'Prune=confirm': { prune: 'confirm' },
  'Delete=true': {},
  'Delete=false': { delete: 'false' },
  'Delete=confirm': { delete: 'confirm' },
  'Validate=true': {},
  'Validate=false': { validate: false },
  'SkipDryRunOnMissingResource=true': { skipDryRunOnMissingResource: true },
  'SkipDryRunOnMissingResource=false': {},
  'ApplyOutOfSyncOnly=true': { applyOutOfSyncOnly: true },
  'ApplyOutOfSyncOnly=false': {},
  'Replace=true': { replace: true },
  'Replace=false': {},
  'ServerSideApply=true': { serverSideApply: true },
  'ServerSideApply=false': { serverSideApply: false },
  'FailOnSharedResource=true': { failOnSharedResource: true },
  'FailOnSharedResource=false': {},
  'RespectIgnoreDifferences=true': { respectIgnoreDifferences: true },
  'RespectIgnoreDifferences=false': {},
  // Fairlead applies server-side from the start, so there is nothing to migrate and nothing to switch off.
  'ClientSideApplyMigration=true': {},
  'ClientSideApplyMigration=false': {},
}

/** Options that an object carries for itself. On an Application they protect the Application object, not what it deploys. */
const ownOptions = new Set(['Prune', 'Delete', 'Validate', 'Replace', 'Force', 'ServerSideApply', 'SkipDryRunOnMissingResource'])

export const defaultSyncOptions: SyncOptions = {
  createNamespace: false,
  pruneLast: false,
  prunePropagation: 'foreground',
  prune: 'true',
  applyOutOfSyncOnly: false,
  respectIgnoreDifferences: false,
  replace: false,
  force: false,
  serverSideApply: true,
  validate: true,
  failOnSharedResource: false,
  skipDryRunOnMissingResource: false,
}

/**
 * The sync options in force: those of the annotation `argocd.argoproj.io/sync-options` on the Application that speak of a whole sync,
 * then `syncPolicy.syncOptions` over them. Unknown ones are reported and change nothing.
 */
export function readSyncOptions(
  written: readonly string[],
  writtenAt: Pointer,
  annotation: string | undefined,
  annotationAt: Pointer,
  reading: Reading,
): SyncOptions {
  const options = { ...defaultSyncOptions }
  for (const text of commaList(annotation)) {
    if (ownOptions.has(text.split('=')[0] ?? '')) continue
    Object.assign(options, known(text, annotationAt, reading))
  }
  written.forEach((text, index) => {
    Object.assign(options, known(text.trim(), [...writtenAt, index], reading))
  })
  return options
}

function known(text: string, pointer: Pointer, reading: Reading): Change {
  const change = Object.hasOwn(applicationOptions, text) ? applicationOptions[text] : undefined
  if (change) return change
  if (text === 'Force=true' || text === 'Force=false') {
    warn(
      reading,
      'unknown-option',
      pointer,
      `sync option ${text} has no effect on an application`,
      'set it on the objects, in argocd.argoproj.io/sync-options',
    )
    return {}
  }
  const meant = suggest(text, Object.keys(applicationOptions))
  const message = 'sync option is not one of Argo CD; it changes nothing'
  warn(
    reading,
    'unknown-option',
    pointer,
    message,
    meant ? `did you mean ${meant}?` : 'remove it, or check its spelling (Key=value, no spaces)',
  )
  return {}
}
