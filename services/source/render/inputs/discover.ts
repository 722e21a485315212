import type { RenderOptions } from '@fairlead/manifests'
import { type RepositoryPath, resolvePath, type Snapshot } from '../../git/snapshot.ts'
import type { Reference, RenderLimits, RenderRequest } from '../protocol.ts'
import { InputCollector, type Watched } from './collector.ts'
import { directoryInputs } from './directory.ts'
import { chartInputs, type HelmSearch, named, type ValueFile, valueFiles } from './helm.ts'
import type { Inspector } from './inspector.ts'
import { fluxInputs, kustomizationNames, kustomizeInputs } from './kustomize.ts'

/** One source of an application with the commit it stands at. */
export interface SourceAt {
  readonly snapshot: Snapshot
  readonly path: string
  readonly render: RenderOptions
  /** Helm: what the application's name and destination give to the release. */
  readonly release: { readonly name: string; readonly namespace: string }
  /** Snapshots of other sources by `ref` name. */
  readonly refs: ReadonlyMap<string, Snapshot>
}

/** A render that is ready to be asked for, and where its contents are. */
export interface PreparedRender {
  readonly request: RenderRequest
  /** Repositories of the blobs that do not stand in the source's own. */
  readonly elsewhere: ReadonlyMap<string, ValueFile>
}

/** What a search found out, also when it failed half way. */
export interface Discovery {
  readonly watched: Watched
  /** Watched paths in the repositories of other sources, by `ref` name. */
  readonly watchedElsewhere: ReadonlyMap<string, Watched>
  readonly prepared: PreparedRender | undefined
  /** Why there is no render. */
  readonly error: unknown
}

export interface DiscoveryLimits extends RenderLimits {
  /** Files of one render. */
  readonly maxFiles: number
}

/** Finds the declared inputs of one source: everything its render may read, and nothing else. Never throws. */
export async function discover(source: SourceAt, inspector: Inspector, limits: DiscoveryLimits, signal?: AbortSignal): Promise<Discovery> {
  const inputs = new InputCollector(limits.maxFiles)
  const refs = new Map([...source.refs].map(([name, snapshot]) => [name, { snapshot, inputs: new InputCollector(limits.maxFiles) }]))
  const watchedElsewhere = new Map([...refs].map(([name, { inputs: watched }]) => [name, watched]))
  try {
    const folder = resolvePath('', source.path)
    const search: Search = { source, folder, inputs, inspector, refs, signal }
    const { elsewhere, ...request } = await prepare(search, await detected(search))
    const { maxFiles: _, ...renderLimits } = limits
    const prepared = {
      request: { ...request, path: folder === '' ? '.' : folder, files: inputs.files(), limits: renderLimits },
      elsewhere: elsewhere ?? new Map(),
    }
    return { watched: inputs, watchedElsewhere, prepared, error: undefined }
  } catch (error) {
    return { watched: inputs, watchedElsewhere, prepared: undefined, error }
  }
}

interface Search {
  readonly source: SourceAt
  readonly folder: RepositoryPath
  readonly inputs: InputCollector
  readonly inspector: Inspector
  readonly refs: HelmSearch['refs']
  readonly signal?: AbortSignal | undefined
}

type Prepared = Pick<RenderRequest, 'tool' | 'options' | 'release' | 'valueFiles' | 'fileParameters'> & {
  readonly elsewhere?: ReadonlyMap<string, ValueFile>
}
type Chosen<Tool> = Extract<RenderOptions, { tool: Tool }>

/** Argo CD: an explicit tool, else Chart.yaml, else a kustomization file, else a plain directory. */
async function detected({ source, folder, inputs }: Search): Promise<Exclude<RenderOptions, { tool: 'detect' }>> {
  if (source.render.tool !== 'detect') return source.render
  for (const name of ['Chart.yaml', ...kustomizationNames]) {
    const path = folder === '' ? name : `${folder}/${name}`
    inputs.exact.add(path)
    if (!(await source.snapshot.entry(path))) continue
    if (name !== 'Chart.yaml') return { tool: 'kustomize', overrides: {} }
    return {
      ...{
        tool: 'helm',
        valueFiles: [],
        ignoreMissingValueFiles: false,
        parameters: [],
        fileParameters: [],
        skipCrds: false,
        apiVersions: [],
      },
    } as Chosen<'helm'>
  }
  return { tool: 'directory', recurse: false }
}

async function prepare(search: Search, render: Exclude<RenderOptions, { tool: 'detect' }>): Promise<Prepared> {
  switch (render.tool) {
    case 'kustomize':
      return kustomize(search, render)
    case 'flux-kustomize':
      return flux(search, render)
    case 'helm':
      return helm(search, render)
    case 'directory':
      return directory(search, render)
  }
}

async function kustomize(search: Search, render: Chosen<'kustomize'>): Promise<Prepared> {
  await kustomizeInputs({ ...search, snapshot: search.source.snapshot }, search.folder, laidOver(render.overrides))
  return { tool: 'kustomize', options: { overrides: render.overrides } }
}

async function flux(search: Search, render: Chosen<'flux-kustomize'>): Promise<Prepared> {
  const { tool, ...options } = render
  await fluxInputs({ ...search, snapshot: search.source.snapshot }, search.folder, laidOver(options))
  return { tool, options }
}

/** Paths that an application's own options add to a kustomization. */
function laidOver(options: Record<string, unknown>): Reference[] {
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [])
  const patches = Array.isArray(options.patches) ? options.patches.map((patch) => (patch as { path?: unknown } | null)?.path) : []
  const optional = options.ignoreMissingComponents === true
  return [
    ...texts(options.components).map((path) => ({ field: 'components', path, optional })),
    ...texts(options.resources).map((path) => ({ field: 'resources', path })),
    ...texts(patches).map((path) => ({ field: 'patches.path', path })),
  ]
}

async function helm(search: Search, render: Chosen<'helm'>): Promise<Prepared> {
  const { source, folder } = search
  const helmSearch: HelmSearch = { snapshot: source.snapshot, inputs: search.inputs, refs: search.refs }
  await chartInputs(helmSearch, folder)
  const values = await valueFiles(helmSearch, folder, render.valueFiles, render.ignoreMissingValueFiles)
  const parameters = await Promise.all(
    render.fileParameters.map(async ({ name, path }) => ({ name, file: (await named(helmSearch, folder, path))! })),
  )
  const elsewhere = new Map([...values, ...parameters.map(({ file }) => file)].map((file) => [file.entry.id, file]))
  const { values: inline, valuesObject, skipCrds, skipSchemaValidation, kubeVersion, apiVersions } = render
  return {
    tool: 'helm',
    options: { values: inline, valuesObject, parameters: render.parameters, skipCrds, skipSchemaValidation, kubeVersion, apiVersions },
    release: { name: render.releaseName ?? source.release.name, namespace: render.namespace ?? source.release.namespace },
    valueFiles: values.map((file) => [file.name, file.entry.id] as const),
    fileParameters: parameters.map(({ name, file }) => [name, file.entry.id] as const),
    elsewhere,
  }
}

async function directory(search: Search, render: Chosen<'directory'>): Promise<Prepared> {
  const { source, folder } = search
  const jsonnet = (render.jsonnet ?? {}) as { libs?: unknown }
  const named = Array.isArray(jsonnet.libs) ? jsonnet.libs.filter((lib): lib is string => typeof lib === 'string') : []
  // Argo CD: the later library wins, the application's own folder comes last.
  const libs = [...named.map((lib) => resolvePath(lib.startsWith('/') ? '' : folder, lib.replace(/^\/+/, ''))).reverse(), folder]
  const manifests = await directoryInputs({ ...search, snapshot: source.snapshot }, folder, { ...render, libs })
  return { tool: 'directory', options: { manifests, ...(render.jsonnet ? { jsonnet: { ...render.jsonnet, libs } } : {}) } }
}
