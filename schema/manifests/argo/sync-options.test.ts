import { describe, expect, test } from 'vitest'
import type { SyncOptions } from '../model/application.ts'
import { startReading } from '../read/fields.ts'
import { documentAt } from '../yaml/document.ts'
import { defaultSyncOptions, readSyncOptions } from './sync-options.ts'

function read(written: string[], annotation?: string) {
  const reading = startReading(documentAt({}, { repository: 'r', commit: 'c', path: 'p', line: 1 }), 'Application argocd/a')
  return { options: readSyncOptions(written, ['spec'], annotation, ['metadata'], reading), warnings: reading.warnings }
}

describe('each sync option of Argo CD', () => {
  test.each<[string, Partial<SyncOptions>]>([
    ['CreateNamespace=true', { createNamespace: true }],
    ['CreateNamespace=false', {}],
    ['PruneLast=true', { pruneLast: true }],
    ['PrunePropagationPolicy=foreground', { prunePropagation: 'foreground' }],
    ['PrunePropagationPolicy=background', { prunePropagation: 'background' }],
    ['PrunePropagationPolicy=orphan', { prunePropagation: 'orphan' }],
    ['Prune=false', { prune: 'false' }],
    ['Prune=confirm', { prune: 'confirm' }],
    ['Prune=true', {}],
    ['Delete=false', { delete: 'false' }],
    ['Delete=confirm', { delete: 'confirm' }],
    ['Validate=false', { validate: false }],
    ['SkipDryRunOnMissingResource=true', { skipDryRunOnMissingResource: true }],
    ['ApplyOutOfSyncOnly=true', { applyOutOfSyncOnly: true }],
    ['Replace=true', { replace: true }],
    ['ServerSideApply=true', { serverSideApply: true }],
    ['ServerSideApply=false', { serverSideApply: false }],
    ['FailOnSharedResource=true', { failOnSharedResource: true }],
    ['RespectIgnoreDifferences=true', { respectIgnoreDifferences: true }],
    ['ClientSideApplyMigration=false', {}],
    [' PruneLast=true ', { pruneLast: true }],
  ])('%s', (text, change) => {
    expect(read([text])).toEqual({ options: { ...defaultSyncOptions, ...change }, warnings: [] })
  })
})

describe('what is no option changes nothing and is reported', () => {
  test.each<[string, string]>([
    ['PruneLats=true', 'did you mean PruneLast=true?'],
    ['prunelast=true', 'did you mean PruneLast=true?'],
    ['PruneLast = true', 'did you mean PruneLast=true?'],
    ['PruneLast', 'remove it, or check its spelling (Key=value, no spaces)'],
    ['PrunePropagationPolicy=backgroud', 'did you mean PrunePropagationPolicy=background?'],
    ['Force=true', 'set it on the objects, in argocd.argoproj.io/sync-options'],
    ['__proto__', 'remove it, or check its spelling (Key=value, no spaces)'],
  ])('%s', (text, next) => {
    const { options, warnings } = read(['CreateNamespace=true', text])
    expect(options).toEqual({ ...defaultSyncOptions, createNamespace: true })
    expect(warnings).toMatchObject([{ code: 'unknown-option', field: 'spec[1]', next }])
  })
})

describe('the annotation on the Application', () => {
  test('sets what concerns a whole sync', () => {
    expect(read([], 'PruneLast=true, CreateNamespace=true').options).toEqual({
      ...defaultSyncOptions,
      pruneLast: true,
      createNamespace: true,
    })
  })

  test('yields to the syncPolicy', () => {
    expect(read(['PrunePropagationPolicy=orphan'], 'PrunePropagationPolicy=background').options.prunePropagation).toBe('orphan')
  })

  test.each([
    'Prune=false',
    'Prune=confirm',
    'Delete=false',
    'Validate=false',
    'Replace=true',
    'Force=true',
    'ServerSideApply=false',
    'SkipDryRunOnMissingResource=true',
  ])('protects the Application object, not what it deploys: %s', (text) => {
    expect(read([], text)).toEqual({ options: defaultSyncOptions, warnings: [] })
  })

  test('is reported when it is unknown', () => {
    expect(read([], 'PruneLats=true').warnings).toMatchObject([{ code: 'unknown-option', field: 'metadata' }])
  })
})
