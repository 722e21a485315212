import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../yaml/document.ts'
import { type ObjectSyncOptions, readSyncAnnotations, type SyncAnnotations } from './sync-annotations.ts'

const annotated = (annotations: Record<string, string>, labels: Record<string, string> = {}) =>
  readSyncAnnotations({ metadata: { annotations, labels } })
const options = (text: string) => annotated({ 'argocd.argoproj.io/sync-options': text })

test('an object without annotations', () => {
  const nothing: SyncAnnotations = {
    hook: { isHook: false, phases: [], skip: false, deletePolicies: ['BeforeHookCreation'] },
    wave: 0,
    options: {},
    ignoreExtraneous: false,
    ignoreHealth: false,
    flux: { ssa: 'Override', reconcile: true, substitute: true },
    unknown: [],
  }
  expect(readSyncAnnotations({})).toEqual(nothing)
  expect(readSyncAnnotations({ metadata: null })).toEqual(nothing)
  expect(readSyncAnnotations({ metadata: { annotations: ['x'], labels: 3 } })).toEqual(nothing)
})

describe('sync options of one object', () => {
  test.each<[string, ObjectSyncOptions]>([
    ['Prune=false', { prune: 'false' }],
    ['Prune=confirm', { prune: 'confirm' }],
    ['Prune=true', { prune: 'true' }],
    ['Delete=false', { delete: 'false' }],
    ['Delete=confirm', { delete: 'confirm' }],
    ['Delete=true', { delete: 'true' }],
    ['Validate=false', { validate: false }],
    ['SkipDryRunOnMissingResource=true', { skipDryRunOnMissingResource: true }],
    ['PruneLast=true', { pruneLast: true }],
    ['Replace=true', { replace: true }],
    ['Replace=false', {}],
    ['Force=true', { force: true }],
    ['ServerSideApply=true', { serverSideApply: true }],
    ['ServerSideApply=false', { serverSideApply: false }],
    ['Prune=false, Replace=true,,Force=true', { prune: 'false', replace: true, force: true }],
  ])('%s', (text, meant) => {
    expect(options(text)).toMatchObject({ options: meant, unknown: [] })
    expect(options(text).options).toEqual(meant)
  })

  test('Helm keeps what it is told to keep when the application is deleted', () => {
    expect(annotated({ 'helm.sh/resource-policy': 'keep' }).options).toEqual({ delete: 'false' })
    expect(annotated({ 'helm.sh/resource-policy': 'other' }).options).toEqual({})
    expect(annotated({ 'helm.sh/resource-policy': 'keep', 'argocd.argoproj.io/sync-options': 'Delete=true' }).options).toEqual({
      delete: 'true',
    })
  })
})

test('compare options and health', () => {
  expect(annotated({ 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous, ServerSideDiff=true' })).toMatchObject({
    ignoreExtraneous: true,
    unknown: [],
  })
  expect(annotated({ 'argocd.argoproj.io/ignore-healthcheck': 'true' }).ignoreHealth).toBe(true)
  expect(annotated({ 'argocd.argoproj.io/ignore-healthcheck': 'yes' }).ignoreHealth).toBe(false)
})

describe("Flux's marks", () => {
  const flux = (key: string, value: string) => ({ [`kustomize.toolkit.fluxcd.io/${key}`]: value })

  test.each<[string, string, Partial<SyncAnnotations['flux']>]>([
    ['ssa', 'Merge', { ssa: 'Merge' }],
    ['ssa', 'IfNotPresent', { ssa: 'IfNotPresent' }],
    ['ssa', 'ignore', { ssa: 'Ignore' }],
    ['ssa', 'Override', { ssa: 'Override' }],
    ['ssa', 'nonsense', { ssa: 'Override' }],
    ['reconcile', 'disabled', { reconcile: false }],
    ['reconcile', 'Disabled', { reconcile: false }],
    ['reconcile', 'enabled', { reconcile: true }],
    ['substitute', 'disabled', { substitute: false }],
  ])('%s: %s, on annotation or label', (key, value, meant) => {
    expect(annotated(flux(key, value)).flux).toMatchObject(meant)
    expect(annotated({}, flux(key, value)).flux).toMatchObject(meant)
  })

  test('prune and force become sync options', () => {
    expect(annotated(flux('prune', 'disabled')).options).toEqual({ prune: 'false', delete: 'false' })
    expect(annotated({}, flux('force', 'Enabled')).options).toEqual({ force: true })
  })

  test('a mark counts on either place', () => {
    expect(annotated(flux('reconcile', 'enabled'), flux('reconcile', 'disabled')).flux.reconcile).toBe(false)
  })
})

describe('values that mean nothing are named', () => {
  test.each<[string, string, string[]]>([
    ['argocd.argoproj.io/sync-options', 'Prune=no,Replace=true', ['Prune=no']],
    ['argocd.argoproj.io/compare-options', 'IgnoreExtra', ['IgnoreExtra']],
    ['argocd.argoproj.io/hook', 'Presync', ['Presync']],
    ['argocd.argoproj.io/hook', 'Skip', []],
    ['argocd.argoproj.io/hook', 'PreSync,Later', ['Later']],
    ['argocd.argoproj.io/hook-delete-policy', 'Never', ['Never']],
    ['argocd.argoproj.io/hook-delete-policy', 'HookFailed', []],
    ['argocd.argoproj.io/sync-wave', 'first', ['first']],
    ['argocd.argoproj.io/sync-wave', '-1', []],
  ])('%s: %s', (annotation, text, values) => {
    expect(annotated({ [annotation]: text }).unknown).toEqual(values.map((value) => ({ annotation, value })))
  })
})

test('no object makes it throw', () => {
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('metadata', 'annotations', 'labels', 'argocd.argoproj.io/hook', 'helm.sh/hook', '__proto__') }),
      (object) => {
        readSyncAnnotations(object as JsonObject)
      },
    ),
  )
})
