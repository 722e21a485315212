import { describe, expect, test } from 'vitest'
import { readHook } from './hooks.ts'

const argo = (value: string, more: Record<string, string> = {}) => readHook({ 'argocd.argoproj.io/hook': value, ...more })
const helm = (value: string, more: Record<string, string> = {}) => readHook({ 'helm.sh/hook': value, ...more })

describe('phases, as gitops-engine reads them', () => {
  test('no annotation: an ordinary resource', () => {
    expect(readHook({})).toEqual({ isHook: false, phases: [], skip: false, deletePolicies: ['BeforeHookCreation'] })
  })

  test.each<[string, string[]]>([
    ['PreSync', ['PreSync']],
    ['Sync', ['Sync']],
    ['PostSync', ['PostSync']],
    ['SyncFail', ['SyncFail']],
    ['PreDelete', ['PreDelete']],
    ['PostDelete', ['PostDelete']],
    ['PreSync,PostSync', ['PreSync', 'PostSync']],
    [' PreSync , PreSync ', ['PreSync']],
  ])('%s', (value, phases) => {
    expect(argo(value)).toMatchObject({ isHook: true, phases, skip: false })
  })

  test.each(['Presync', 'presync', 'pre-install', '', ' ', ','])('an unknown value %j makes a hook that never runs', (value) => {
    expect(argo(value)).toMatchObject({ isHook: true, phases: [], skip: false })
  })

  test('Skip counts only alone', () => {
    expect(argo('Skip')).toMatchObject({ skip: true, phases: [] })
    expect(argo('Skip,PreSync')).toMatchObject({ skip: false, isHook: true, phases: ['PreSync'] })
  })
})

describe("Helm's hooks", () => {
  test.each<[string, string[]]>([
    ['pre-install', ['PreSync']],
    ['pre-upgrade', ['PreSync']],
    ['pre-install,pre-upgrade', ['PreSync']],
    ['post-install', ['PostSync']],
    ['pre-upgrade,post-upgrade', ['PreSync', 'PostSync']],
    ['pre-delete', ['PreDelete']],
    ['post-delete', ['PostDelete']],
    ['pre-rollback', []],
    ['test', []],
    ['test-success', []],
    ['nonsense', []],
  ])('%s', (value, phases) => {
    expect(helm(value)).toMatchObject({ isHook: true, phases })
  })

  test('crd-install is an ordinary resource', () => {
    expect(helm('crd-install')).toMatchObject({ isHook: false, phases: [] })
  })

  test('a valid Argo CD value switches them off, a misspelt one does not', () => {
    expect(argo('Sync', { 'helm.sh/hook': 'pre-install' }).phases).toEqual(['Sync'])
    expect(argo('sync', { 'helm.sh/hook': 'pre-install' })).toMatchObject({ isHook: true, phases: ['PreSync'] })
    expect(argo('Skip', { 'helm.sh/hook': 'pre-install' })).toMatchObject({ skip: true, phases: [] })
  })
})

describe('delete policies', () => {
  test.each<[Record<string, string>, string[]]>([
    [{}, ['BeforeHookCreation']],
    [{ 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded' }, ['HookSucceeded']],
    [{ 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded,HookFailed' }, ['HookSucceeded', 'HookFailed']],
    [{ 'argocd.argoproj.io/hook-delete-policy': 'sometimes' }, ['BeforeHookCreation']],
    [{ 'helm.sh/hook-delete-policy': 'hook-failed' }, ['HookFailed']],
    [
      { 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded', 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' },
      ['HookSucceeded', 'BeforeHookCreation'],
    ],
  ])('%j', (annotations, policies) => {
    expect(argo('PreSync', annotations).deletePolicies).toEqual(policies)
  })
})
