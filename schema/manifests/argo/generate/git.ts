import { FairleadError } from '@fairlead/errors'
import { compileGlob, type GlobDialect, gitGlob, pathGlob } from '../../glob/glob.ts'
import type { Generator } from '../../model/application-set.ts'
import { isObject, type JsonObject } from '../../yaml/document.ts'
import { parseValues } from '../../yaml/parse.ts'
import type { GeneratorInputs } from './inputs.ts'
import { flatten, normalizeName, type Params } from './params.ts'
import type { Renderer } from './render.ts'
import { withValues } from './values.ts'

type Git = Extract<Generator, { type: 'git' }>

/** One parameter set per matching folder, or per object in the matching files; folders win when both are written (Argo CD). */
export function fromGit(generator: Git, inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  return generator.directories.length > 0 ? fromDirectories(generator, inputs, rendering) : fromFiles(generator, inputs, rendering)
}

async function fromDirectories(generator: Git, inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  const wanted = included(generator.directories, pathGlob)
  const paths = await inputs.directories(generator.repoURL, generator.revision)
  const sets: Params[] = []
  for (const path of [...new Set(paths)].sort()) {
    // Argo CD never looks into hidden folders.
    if (path.split('/').some((segment) => segment.startsWith('.')) || !wanted(path)) continue
    sets.push(await withValues(pathParams(path, undefined, generator.pathParamPrefix, rendering.goTemplate), generator.values, rendering))
  }
  return sets
}

async function fromFiles(generator: Git, inputs: GeneratorInputs, rendering: Renderer): Promise<Params[]> {
  const wanted = included(generator.files, gitGlob)
  const files = await inputs.files(generator.repoURL, generator.revision, wanted)
  const sets: Params[] = []
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!wanted(file.path)) continue
    for (const content of contentsOf(file, generator)) {
      const params = rendering.goTemplate ? content : flatten(content)
      const slash = file.path.lastIndexOf('/')
      const folder = slash < 0 ? '.' : file.path.slice(0, slash)
      const path = pathParams(folder, file.path.slice(slash + 1), generator.pathParamPrefix, rendering.goTemplate)
      sets.push(await withValues({ ...params, ...path }, generator.values, rendering))
    }
  }
  return sets
}

/** Matches an included pattern and no excluded one. */
function included(rules: Git['directories'], dialect: GlobDialect): (path: string) => boolean {
  const compiled = rules.map(({ path, exclude }) => {
    const match = compileGlob(path, dialect)
    if (!match) throw new FairleadError('MANIFEST_INVALID', 'a path of the git generator is not a pattern', { next: 'close its brackets' })
    // git ls-files takes a folder for everything in it.
    const folder = `${path.replace(/\/+$/, '')}/`
    return { exclude, matches: (text: string) => match(text) || (dialect === gitGlob && text.startsWith(folder)) }
  })
  return (path) =>
    compiled.some((rule) => !rule.exclude && rule.matches(path)) && !compiled.some((rule) => rule.exclude && rule.matches(path))
}

/** A file holds one object, or a list of objects. */
function contentsOf(file: { path: string; text: string }, generator: Git): JsonObject[] {
  const origin = { repository: generator.repoURL, commit: generator.revision, path: file.path }
  const [value] = parseValues(file.text, origin)
  if (value === undefined || value === null) return [{}]
  const contents = Array.isArray(value) ? value : [value]
  return contents.map((content) => {
    if (isObject(content)) return content
    throw new FairleadError('MANIFEST_INVALID', `${file.path}: a file of the git generator must hold a map or a list of maps`, {
      where: { repository: origin.repository, commit: origin.commit, file: file.path },
    })
  })
}

function pathParams(path: string, filename: string | undefined, prefix: string, nested: boolean): Params {
  const segments = path.split('/')
  const basename = segments.at(-1) ?? ''
  const facts: Record<string, string> = { basename, basenameNormalized: normalizeName(basename) }
  if (filename !== undefined) Object.assign(facts, { filename, filenameNormalized: normalizeName(filename) })
  if (nested) {
    const params = { path: { path, ...facts, segments } }
    return prefix === '' ? params : { [prefix]: params }
  }
  const name = prefix === '' ? 'path' : `${prefix}.path`
  const params: Params = { [name]: path }
  for (const [key, value] of Object.entries(facts)) params[`${name}.${key}`] = value
  segments.forEach((segment, index) => {
    if (segment !== '') params[`${name}[${index}]`] = segment
  })
  return params
}
