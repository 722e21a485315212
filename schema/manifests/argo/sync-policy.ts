import type { RetryPolicy, SyncPolicy } from '../model/application.ts'
import { readDeletionBudget } from '../read/deletion-budget.ts'
import { durationMs } from '../read/duration.ts'
import type { Fields } from '../read/fields.ts'
import { readSyncOptions } from './sync-options.ts'

/** Argo CD's retry defaults: 5 s, doubled, at most 3 min; 5 attempts for automated syncs that say nothing. */
const defaultRetry: RetryPolicy = { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 }

/** `spec.syncPolicy` of an Application, with Argo CD's defaults. `spec` is the fields of the Application's spec. */
export function readSyncPolicy(spec: Fields, annotations: Readonly<Record<string, string>>): SyncPolicy {
  const policy = spec.fields('syncPolicy')
  const automated = policy?.fields('automated')
  if (policy?.written('automated') && !automated) {
    policy.warn('suspicious-value', ['automated'], 'automated with nothing after it means off', 'write automated: {} to switch it on')
  }
  const on = automated !== undefined && (automated.boolean('enabled') ?? true)
  const retry = policy?.fields('retry')
  const managed = policy?.fields('managedNamespaceMetadata')
  const annotationKey = 'argocd.argoproj.io/sync-options'
  const result: SyncPolicy = {
    automated: on,
    prune: automated?.boolean('prune') ?? false,
    selfHeal: automated?.boolean('selfHeal') ?? false,
    allowEmpty: automated?.boolean('allowEmpty') ?? false,
    retry: retry ? readRetry(retry) : { ...defaultRetry, limit: on ? defaultRetry.limit : 0 },
    options: readSyncOptions(
      policy?.strings('syncOptions') ?? [],
      ['spec', 'syncPolicy', 'syncOptions'],
      annotations[annotationKey],
      ['metadata', 'annotations', annotationKey],
      spec.reading,
    ),
    ...(managed && {
      managedNamespaceMetadata: { labels: managed.stringMap('labels') ?? {}, annotations: managed.stringMap('annotations') ?? {} },
    }),
    deletionBudget: readDeletionBudget(annotations, spec.reading),
  }
  for (const fields of [automated, managed, policy]) fields?.done()
  return result
}

function readRetry(retry: Fields): RetryPolicy {
  const backoff = retry.fields('backoff')
  const limit = retry.integer('limit') ?? 0
  const factor = backoff?.integer('factor') ?? defaultRetry.factor
  if (limit < -1)
    throw retry.error(['limit'], 'retry.limit must be -1 (for ever), 0 (never) or a number of retries', 'write a limit of -1 or more')
  if (factor < 1) throw retry.error(['backoff', 'factor'], 'retry.backoff.factor must be 1 or more', 'write a factor of 1 or more')
  const result = {
    limit,
    durationMs: backoff ? wait(backoff, 'duration', defaultRetry.durationMs) : defaultRetry.durationMs,
    factor,
    maxDurationMs: backoff ? wait(backoff, 'maxDuration', defaultRetry.maxDurationMs) : defaultRetry.maxDurationMs,
    ...(retry.boolean('refresh') && { refresh: true }),
  }
  backoff?.done()
  retry.done()
  return result
}

/** A Go duration, or a bare number of seconds. */
function wait(backoff: Fields, key: string, otherwise: number): number {
  const text = backoff.string(key)
  if (text === undefined || text === '') return otherwise
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1_000 : durationMs(text)
  if (ms === undefined || ms <= 0 || !Number.isSafeInteger(ms)) {
    throw backoff.error([key], `retry.backoff.${key} is not a duration`, 'write a duration such as 30s, 3m or 1h')
  }
  return ms
}
