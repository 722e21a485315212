import { FairleadError } from '@fairlead/errors'
import type { Generator } from '../../model/application-set.ts'
import { isObject, type JsonObject } from '../../yaml/document.ts'
import { parseValues } from '../../yaml/parse.ts'
import { fromClusters } from './clusters.ts'
import { combine, mergeSets } from './combine.ts'
import { fromGit } from './git.ts'
import type { GeneratorInputs } from './inputs.ts'
import { flatten, type Params } from './params.ts'
import { type Renderer, renderDeep } from './render.ts'
import { selects } from './select.ts'

/** Most parameter sets that one ApplicationSet may make, at any step. */
export const maxParamSets = 10_000

/** The parameter sets of a generator, after its selector, in an order that depends on nothing but the inputs. */
export async function paramSets(generator: Generator, inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  const sets = await generated(generator, inputs, rendering)
  const { selector } = generator
  return bounded(selector ? sets.filter((set) => selects(selector, flatten(set))) : sets)
}

async function generated(generator: Generator, inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  switch (generator.type) {
    case 'list':
      return fromList(generator, rendering)
    case 'clusters':
      return fromClusters(generator, inputs.clusters, rendering)
    case 'git':
      return fromGit(generator, inputs, rendering)
    case 'matrix':
      return fromMatrix(generator.generators, inputs, rendering)
    case 'merge': {
      const each: Params[][] = []
      for (const inner of generator.generators) each.push(await paramSets(inner, inputs, rendering))
      return mergeSets(each, generator.mergeKeys, rendering.goTemplate)
    }
  }
}

function fromList(generator: Extract<Generator, { type: 'list' }>, rendering: Renderer): Params[] {
  const elements = [...generator.elements, ...elementsFromYaml(generator.elementsYaml)]
  if (rendering.goTemplate) return elements
  return elements.map((element) => {
    const params: Params = {}
    for (const [key, value] of Object.entries(element)) {
      if (key === 'values' && isObject(value)) for (const [name, inner] of Object.entries(value)) params[`values.${name}`] = inner
      else params[key] = value
    }
    for (const value of Object.values(params)) if (typeof value !== 'string') throw notText()
    return params
  })
}

function notText(): FairleadError {
  return new FairleadError('MANIFEST_INVALID', 'without goTemplate the parameters of a list generator must be text', {
    next: 'put the value in quotes, or set goTemplate: true',
  })
}

function elementsFromYaml(text: string | undefined): JsonObject[] {
  if (text === undefined) return []
  const [value] = parseValues(text, { repository: '', commit: '', path: 'elementsYaml' })
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every(isObject)) return value
  throw new FairleadError('MANIFEST_INVALID', 'elementsYaml must be a list of maps', { next: 'write - key: value' })
}

/** Every set of the first generator with every set of the second, whose texts may use the first one's parameters. */
async function fromMatrix(generators: readonly Generator[], inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  const [first, second] = generators
  if (!first || !second) return []
  const sets: Params[] = []
  for (const outer of await paramSets(first, inputs, rendering)) {
    const filled = await interpolate(second, outer, rendering)
    for (const inner of await paramSets(filled, inputs, rendering)) sets.push(combine(outer, inner, rendering.goTemplate))
    bounded(sets)
  }
  return sets
}

/** The generator with its texts rendered; a nested generator's template has no effect in Argo CD. */
async function interpolate(generator: Generator, params: Params, rendering: Renderer): Promise<Generator> {
  const { template: _, ...texts } = generator
  return (await renderDeep(texts as unknown as JsonObject, params, rendering)) as unknown as Generator
}

function bounded(sets: Params[]): Params[] {
  if (sets.length <= maxParamSets) return sets
  throw new FairleadError('SOURCE_LIMIT', `the generators make more than ${maxParamSets} parameter sets`, {
    next: 'split the ApplicationSet',
  })
}
