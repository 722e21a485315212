import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { ApplicationSetSpec } from '../model/application-set.ts'
import { parseDocuments } from '../yaml/parse.ts'
import { readApplicationSet } from './application-set.ts'

const origin = { repository: 'r', commit: 'c', path: 'set.yaml' }
const template = {
  metadata: { name: '{{name}}' },
  spec: { project: 'p', source: { repoURL: 'https://git.test/a', path: 'a' }, destination: { name: '{{name}}' } },
}
const list = { list: { elements: [{ name: 'east' }] } }

const readText = (text: string) => readApplicationSet(parseDocuments(text, origin)[0]!, { kind: 'fleet', name: 'demo' })
const read = (spec: object, metadata: object = { name: 'set' }) =>
  readText(
    JSON.stringify({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      metadata,
      spec: { generators: [list], template, ...spec },
    }),
  )
const generators = (...entries: object[]) => read({ generators: entries }).spec.generators

function refusal(run: () => unknown): FairleadError {
  try {
    run()
  } catch (error) {
    if (FairleadError.is(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('what is read is a value of the model, with everything in it', () => {
  const { spec, warnings } = read(
    {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      templatePatch: 'spec: {}',
      syncPolicy: { applicationsSync: 'create-update', preserveResourcesOnDeletion: true },
      preservedFields: { annotations: ['a'], labels: ['b'] },
      ignoreApplicationDifferences: [{ jsonPointers: ['/spec/syncPolicy'] }],
      strategy: { type: 'AllAtOnce' },
      applyNestedSelectors: true,
    },
    { name: 'set', namespace: 'team', labels: { l: 'v' } },
  )
  expect(warnings).toEqual([])
  expect(ApplicationSetSpec.parse(spec)).toEqual(spec)
  expect(spec).toMatchObject({
    id: 'team_set',
    name: 'set',
    namespace: 'team',
    labels: { l: 'v' },
    goTemplate: true,
    goTemplateOptions: ['missingkey=error'],
    generators: [{ type: 'list', elements: [{ name: 'east' }] }],
    template,
    templatePatch: 'spec: {}',
    applicationsSync: 'create-update',
    preserveResourcesOnDeletion: true,
    preservedFields: { annotations: ['a'], labels: ['b'] },
    ignoreApplicationDifferences: [{ jsonPointers: ['/spec/syncPolicy'] }],
    strategy: { type: 'AllAtOnce' },
    parent: { kind: 'fleet', name: 'demo' },
  })
})

test('what is missing has a default', () => {
  expect(read({}).spec).toMatchObject({
    id: 'set',
    namespace: 'argocd',
    goTemplate: false,
    goTemplateOptions: [],
    applicationsSync: 'sync',
    preserveResourcesOnDeletion: false,
    preservedFields: { labels: [], annotations: [] },
  })
})

test('the template keeps the line of each of its fields', () => {
  const { spec } = readText(`kind: ApplicationSet
metadata: {name: set}
spec:
  generators: [{list: {elements: []}}]
  template:
    metadata:
      name: x
    spec:
      sources:
      - repoURL: https://git.test/a
        path: b
`)
  expect(spec.templateLines).toMatchObject({ 'metadata.name': 7, spec: 8, 'spec.sources[0]': 10, 'spec.sources[0].path': 11 })
})

test('RollingSync is told not to be followed', () => {
  expect(read({ strategy: { type: 'RollingSync' } }).warnings).toMatchObject([{ code: 'ignored-field', field: 'spec.strategy' }])
})

describe('generators', () => {
  const selector = { matchLabels: { env: 'prod' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a'] }] }

  test.each<[string, object, object]>([
    ['list', { list: { elements: [{ a: 'b', values: { c: 'd' } }] } }, { type: 'list', elements: [{ a: 'b', values: { c: 'd' } }] }],
    ['list with elementsYaml', { list: { elementsYaml: '- a: b' } }, { type: 'list', elements: [], elementsYaml: '- a: b' }],
    ['clusters', { clusters: {} }, { type: 'clusters', values: {}, flatList: false }],
    [
      'clusters by label',
      { clusters: { selector, values: { a: 'b' }, flatList: true } },
      { type: 'clusters', clusters: selector, values: { a: 'b' }, flatList: true },
    ],
    ['clusters with an empty selector are all', { clusters: { selector: {} } }, { type: 'clusters', values: {}, flatList: false }],
    [
      'git directories',
      {
        git: {
          repoURL: 'https://git.test/a',
          revision: 'main',
          directories: [{ path: 'apps/*' }, { path: 'apps/x', exclude: true }],
          pathParamPrefix: 'p',
          requeueAfterSeconds: 60,
        },
      },
      {
        type: 'git',
        repoURL: 'https://git.test/a',
        revision: 'main',
        directories: [
          { path: 'apps/*', exclude: false },
          { path: 'apps/x', exclude: true },
        ],
        files: [],
        values: {},
        pathParamPrefix: 'p',
      },
    ],
    [
      'git files',
      { git: { repoURL: 'https://git.test/a', files: [{ path: '**/config.json' }], values: { a: 'b' } } },
      {
        type: 'git',
        repoURL: 'https://git.test/a',
        revision: 'HEAD',
        directories: [],
        files: [{ path: '**/config.json', exclude: false }],
        values: { a: 'b' },
        pathParamPrefix: '',
      },
    ],
    [
      'matrix',
      { matrix: { generators: [list, { clusters: {} }] } },
      {
        type: 'matrix',
        generators: [
          { type: 'list', elements: [{ name: 'east' }] },
          { type: 'clusters', values: {}, flatList: false },
        ],
      },
    ],
    [
      'merge',
      { merge: { mergeKeys: ['name', 'name'], generators: [list, list] } },
      {
        type: 'merge',
        mergeKeys: ['name'],
        generators: [
          { type: 'list', elements: [{ name: 'east' }] },
          { type: 'list', elements: [{ name: 'east' }] },
        ],
      },
    ],
    ['a selector over its parameters', { ...list, selector }, { type: 'list', elements: [{ name: 'east' }], selector }],
    [
      'a template of its own',
      { list: { elements: [], template: { metadata: { labels: { a: 'b' } } } } },
      { type: 'list', elements: [], template: { metadata: { labels: { a: 'b' } } } },
    ],
    [
      'an empty template of its own is none',
      { list: { elements: [], template: { metadata: {}, spec: { project: '' } } } },
      { type: 'list', elements: [] },
    ],
  ])('%s', (_, entry, generator) => {
    expect(generators(entry)).toEqual([generator])
  })

  test('an entry with two generators counts as two', () => {
    expect(generators({ ...list, clusters: {} }).map(({ type }) => type)).toEqual(['list', 'clusters'])
  })

  test.each(['scmProvider', 'pullRequest', 'plugin', 'clusterDecisionResource'])('%s is refused by name', (name) => {
    expect(refusal(() => generators({ [name]: {} }))).toMatchObject({
      code: 'MANIFEST_UNSUPPORTED',
      message: `set.yaml:1: ApplicationSet argocd/set: the ${name} generator is not supported`,
    })
    expect(refusal(() => generators({ matrix: { generators: [list, { [name]: {} }] } }))).toMatchObject({ code: 'MANIFEST_UNSUPPORTED' })
  })

  const nested = (depth: number): object => (depth === 0 ? list : { matrix: { generators: [list, nested(depth - 1)] } })
  test('nest two levels deep, not three', () => {
    expect(generators(nested(2))).toHaveLength(1)
    expect(refusal(() => generators(nested(3))).message).toContain('nest at most two levels deep')
  })

  test.each<[string, object, string]>([
    ['none', {}, 'holds no generator'],
    ['a misspelt one', { lists: {} }, 'holds no generator'],
    ['an element that is text', { list: { elements: ['a'] } }, 'must be a map'],
    ['an element with a number', { list: { elements: [{ wave: 1 }] } }, 'a parameter must be text'],
    ['values with a number', { list: { elements: [{ values: { wave: 1 } }] } }, 'a parameter must be text'],
    ['a matrix of one', { matrix: { generators: [list] } }, 'exactly two'],
    ['a matrix of three', { matrix: { generators: [list, list, list] } }, 'exactly two'],
    ['a merge of one', { merge: { mergeKeys: ['a'], generators: [list] } }, 'at least two'],
    ['a merge without keys', { merge: { generators: [list, list] } }, 'needs mergeKeys'],
    ['two in one entry of a matrix', { matrix: { generators: [{ ...list, clusters: {} }, list] } }, 'holds one generator'],
    ['git without repoURL', { git: { directories: [{ path: '*' }] } }, 'has no repoURL'],
    ['git that looks at nothing', { git: { repoURL: 'https://git.test/a' } }, 'looks at nothing'],
    ['git with an empty path', { git: { repoURL: 'https://git.test/a', files: [{}] } }, 'has no path'],
    [
      'an unknown operator',
      { clusters: { selector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } } },
      'operator of a selector is not known',
    ],
    ['a selector without key', { clusters: { selector: { matchExpressions: [{ operator: 'Exists' }] } } }, 'has no key'],
    ['In without values', { clusters: { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }, 'In needs values'],
    [
      'Exists with values',
      { clusters: { selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
      'Exists takes no values',
    ],
  ])('refused: %s', (_, entry, message) => {
    expect(refusal(() => generators(entry))).toMatchObject({ code: 'MANIFEST_INVALID' })
    expect(refusal(() => generators(entry)).message).toContain(message)
  })

  test('with goTemplate a parameter may be anything', () => {
    const { spec } = read({ goTemplate: true, generators: [{ list: { elements: [{ wave: 1, nested: { a: [true] } }] } }] })
    expect(spec.generators).toEqual([{ type: 'list', elements: [{ wave: 1, nested: { a: [true] } }] }])
  })
})

describe('refused', () => {
  test.each<[string, object, string]>([
    ['no generators', { generators: [] }, 'has no generators'],
    ['no template', { template: null }, 'the template has no metadata.name'],
    ['a template without name', { template: { metadata: {}, spec: {} } }, 'the template has no metadata.name'],
    ['a template without spec', { template: { metadata: { name: 'x' } } }, 'the template has no spec'],
    ['an unknown policy', { syncPolicy: { applicationsSync: 'create' } }, 'applicationsSync is not a policy'],
  ])('%s', (_, spec, message) => {
    expect(refusal(() => read(spec)).message).toContain(message)
  })

  test('no spec', () => {
    expect(refusal(() => readText('metadata: {name: x}')).message).toContain('has no spec')
  })
})
