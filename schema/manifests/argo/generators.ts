import type { Generator, LabelSelector } from '../model/application-set.ts'
import type { Fields } from '../read/fields.ts'
import { isObject, type JsonObject } from '../yaml/document.ts'

const unsupported = ['scmProvider', 'pullRequest', 'plugin', 'clusterDecisionResource'] as const
const supported = ['list', 'clusters', 'git', 'matrix', 'merge'] as const
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

interface Place {
  readonly goTemplate: boolean
  /** 1 for the set's own generators, 2 inside a matrix or merge, 3 at most. */
  readonly depth: number
}

/** The generators of a list; an entry that holds several counts as several, in Argo CD's order. */
export function readGenerators(parent: Fields, key: string, place: Place): Generator[] {
  return (parent.items(key) ?? []).flatMap((entry) => readEntry(entry, place))
}

function readEntry(entry: Fields, place: Place): Generator[] {
  for (const name of unsupported) {
    if (entry.any(name) !== undefined) {
      throw entry.error(
        [name],
        `the ${name} generator is not supported`,
        'use list, clusters, git, matrix or merge',
        'MANIFEST_UNSUPPORTED',
      )
    }
  }
  const selector = entry.fields('selector')
  const common = selector ? { selector: readSelector(selector) } : {}
  const generators: Generator[] = []
  for (const type of supported) {
    const fields = entry.fields(type)
    if (!fields) continue
    const template = fields.object('template')
    fields.accept('requeueAfterSeconds') // sources are followed by push and poll
    const generator = { ...readOne(type, fields, place), ...common }
    if (template && !isEmpty(template)) generator.template = template
    generators.push(generator)
    fields.done()
  }
  if (generators.length === 0) {
    throw entry.error([], 'an entry of generators holds no generator', `write one of ${supported.join(', ')}`)
  }
  if (place.depth > 1 && generators.length > 1)
    throw entry.error([], 'an entry inside matrix or merge holds one generator', 'split the entry')
  entry.done()
  return generators
}

function readOne(type: (typeof supported)[number], fields: Fields, place: Place): Generator {
  switch (type) {
    case 'list':
      return readList(fields, place)
    case 'clusters':
      return readClusters(fields)
    case 'git':
      return readGit(fields)
    case 'matrix': {
      const generators = readNested(fields, place)
      if (generators.length !== 2)
        throw fields.error(['generators'], 'a matrix combines exactly two generators', 'nest a matrix to combine more')
      return { type, generators }
    }
    case 'merge': {
      const generators = readNested(fields, place)
      const mergeKeys = fields.strings('mergeKeys') ?? []
      if (generators.length < 2) throw fields.error(['generators'], 'a merge combines at least two generators', 'write another one')
      if (mergeKeys.length === 0) throw fields.error(['mergeKeys'], 'a merge needs mergeKeys', 'write the parameters that identify a set')
      return { type, generators, mergeKeys: [...new Set(mergeKeys)] }
    }
  }
}

function readNested(fields: Fields, place: Place): Generator[] {
  if (place.depth > 2) throw fields.error([], 'matrix and merge nest at most two levels deep', 'move the inner one out')
  return readGenerators(fields, 'generators', { ...place, depth: place.depth + 1 })
}

function readList(fields: Fields, place: Place): Generator {
  const elements = (fields.list('elements') ?? []).map((element, index) => {
    if (!isObject(element)) throw fields.error(['elements', index], 'an element of a list generator must be a map', 'write key: value')
    if (!place.goTemplate) requireText(fields, index, element)
    return element
  })
  const elementsYaml = fields.string('elementsYaml') || undefined
  return { type: 'list', elements, ...(elementsYaml && { elementsYaml }) }
}

/** Argo CD: without goTemplate a parameter can only be text, in `values` too. */
function requireText(fields: Fields, index: number, element: JsonObject): void {
  for (const [key, value] of Object.entries(element)) {
    if (key === 'values' && isObject(value)) {
      for (const [name, inner] of Object.entries(value)) if (typeof inner !== 'string') throw refuse(fields, ['elements', index, key, name])
    } else if (typeof value !== 'string') {
      throw refuse(fields, ['elements', index, key])
    }
  }
}

function refuse(fields: Fields, path: (string | number)[]): Error {
  return fields.error(path, 'without goTemplate a parameter must be text', 'put the value in quotes, or set goTemplate: true')
}

function readClusters(fields: Fields): Generator {
  const selector = fields.fields('selector')
  const clusters = selector && readSelector(selector)
  const selects = clusters && (Object.keys(clusters.matchLabels).length > 0 || clusters.matchExpressions.length > 0)
  return {
    type: 'clusters',
    ...(selects && { clusters }),
    values: fields.stringMap('values') ?? {},
    flatList: fields.boolean('flatList') ?? false,
  }
}

function readGit(fields: Fields): Generator {
  const repoURL = fields.string('repoURL') ?? ''
  if (repoURL === '') throw fields.error(['repoURL'], 'the git generator has no repoURL', 'write repoURL: https://… or ssh://…')
  const rules = (key: string) =>
    (fields.items(key) ?? []).map((item) => {
      const rule = { path: item.string('path') ?? '', exclude: item.boolean('exclude') ?? false }
      if (rule.path === '') throw item.error(['path'], 'an entry of the git generator has no path', 'write a path such as apps/*')
      item.done()
      return rule
    })
  const directories = rules('directories')
  const files = rules('files')
  if (directories.length === 0 && files.length === 0) {
    throw fields.error([], 'the git generator looks at nothing', 'write directories or files with a path')
  }
  return {
    type: 'git',
    repoURL,
    revision: fields.string('revision') || 'HEAD',
    directories,
    files,
    values: fields.stringMap('values') ?? {},
    pathParamPrefix: fields.string('pathParamPrefix') ?? '',
  }
}

/** A Kubernetes label selector. */
export function readSelector(fields: Fields): LabelSelector {
  const selector: LabelSelector = {
    matchLabels: fields.stringMap('matchLabels') ?? {},
    matchExpressions: (fields.items('matchExpressions') ?? []).map((item) => {
      const written = item.string('operator')
      const operator = operators.find((candidate) => candidate === written)
      const key = item.string('key') ?? ''
      const values = item.strings('values') ?? []
      if (!operator) throw item.error(['operator'], 'the operator of a selector is not known', `write one of ${operators.join(', ')}`)
      if (key === '') throw item.error(['key'], 'a selector has no key', 'write the name of the label')
      const needsValues = operator === 'In' || operator === 'NotIn'
      if (needsValues !== values.length > 0) {
        throw item.error(
          ['values'],
          `${operator} ${needsValues ? 'needs' : 'takes no'} values`,
          needsValues ? 'write values' : 'remove values',
        )
      }
      item.done()
      return { key, operator, values }
    }),
  }
  fields.done()
  return selector
}

function isEmpty(value: JsonObject): boolean {
  return Object.values(value).every((inner) => inner === null || inner === '' || (isObject(inner) && isEmpty(inner)))
}
