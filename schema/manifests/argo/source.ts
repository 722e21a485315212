import type { ApplicationSource, RenderOptions } from '../model/application.ts'
import type { Fields } from '../read/fields.ts'
import { readKustomizeOverrides } from './kustomize-overrides.ts'

const tools = ['helm', 'kustomize', 'directory', 'plugin'] as const

/** One source of an Application (or a template's). Argo CD: `ApplicationSource`. */
export function readSource(source: Fields): ApplicationSource {
  const repoURL = source.string('repoURL') ?? ''
  const chart = source.string('chart') ?? ''
  const ref = source.string('ref') ?? ''
  const name = source.string('name') ?? ''
  const path = source.string('path') ?? ''
  if (repoURL === '') throw source.error(['repoURL'], 'the source has no repoURL', 'write repoURL: https://… or ssh://…')
  if (ref !== '' && chart !== '')
    throw source.error(['ref'], 'ref and chart cannot stand in one source', 'give the chart a source of its own')
  if (path.startsWith('/'))
    throw source.error(['path'], 'the path of a source must be relative', 'write it from the root of the repository, without the first /')
  if ((source.string('tagPrefix') ?? '') !== '') {
    throw source.error(
      ['tagPrefix'],
      'tagPrefix is not supported',
      'write the tag, or a semver range without prefix',
      'MANIFEST_UNSUPPORTED',
    )
  }
  if (path === '' && chart === '' && ref === '') {
    source.warn('default-used', ['path'], 'the source has neither path, chart nor ref; the root of the repository is used', 'write path: .')
  }
  const result: ApplicationSource = {
    repoURL,
    targetRevision: source.string('targetRevision') || (chart === '' ? 'HEAD' : '*'),
    // A source that only lends its files to others by `ref` renders nothing.
    path: path === '' ? (ref === '' ? '.' : '') : path,
    ...(ref !== '' && { ref }),
    ...(name !== '' && { name }),
    ...(chart !== '' && { chart }),
    render: readRender(source),
  }
  source.done()
  return result
}

function readRender(source: Fields): RenderOptions {
  const written = tools.filter((tool) => !isEmptyBlock(source.any(tool)))
  for (const tool of tools) if (!written.includes(tool)) source.fields(tool)
  const [tool, second] = written
  if (second) throw source.error([second], `a source is rendered by one tool, here are two: ${written.join(' and ')}`, 'keep one block')
  const block = tool && source.fields(tool)
  if (!block) return { tool: 'detect' }
  const options =
    tool === 'plugin'
      ? refusePlugin(source)
      : tool === 'helm'
        ? readHelm(block)
        : tool === 'kustomize'
          ? readKustomize(block)
          : readDirectory(block)
  block.done()
  return options
}

/** Argo CD drops a block in which nothing is set, so that the files decide. */
function isEmptyBlock(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true
  if (typeof value !== 'object') return false
  return Object.values(value).every(isEmptyBlock)
}

function refusePlugin(source: Fields): never {
  const next = 'commit the rendered manifests, or use kustomize, helm or plain files'
  throw source.error(['plugin'], 'config management plugins are not supported', next, 'MANIFEST_UNSUPPORTED')
}

function readHelm(helm: Fields): RenderOptions {
  helm.accept('skipTests') // Helm's test hooks never run in a sync.
  helm.ignore('passCredentials', 'credentials are never passed to another host', 'remove it')
  const version = helm.string('version') ?? ''
  if (version !== '' && version !== 'v3') {
    helm.warn('ignored-field', ['version'], 'charts are rendered by the built-in Helm library', 'remove version')
  }
  const releaseName = helm.string('releaseName') || undefined
  const namespace = helm.string('namespace') || undefined
  const values = helm.string('values') || undefined
  const valuesObject = helm.object('valuesObject')
  const kubeVersion = helm.string('kubeVersion') || undefined
  return {
    tool: 'helm',
    ...(releaseName && { releaseName }),
    ...(namespace && { namespace }),
    valueFiles: helm.strings('valueFiles') ?? [],
    ignoreMissingValueFiles: helm.boolean('ignoreMissingValueFiles') ?? false,
    ...(values && { values }),
    ...(valuesObject && Object.keys(valuesObject).length > 0 && { valuesObject }),
    parameters: (helm.items('parameters') ?? []).map((parameter) => {
      const read = {
        name: parameter.string('name') ?? '',
        value: parameter.string('value') ?? '',
        forceString: parameter.boolean('forceString') ?? false,
      }
      parameter.done()
      return read
    }),
    fileParameters: (helm.items('fileParameters') ?? []).map((parameter) => {
      const read = { name: parameter.string('name') ?? '', path: parameter.string('path') ?? '' }
      parameter.done()
      return read
    }),
    skipCrds: helm.boolean('skipCrds') ?? false,
    ...(helm.boolean('skipSchemaValidation') && { skipSchemaValidation: true }),
    ...(kubeVersion && { kubeVersion }),
    apiVersions: helm.strings('apiVersions') ?? [],
  }
}

function readKustomize(kustomize: Fields): RenderOptions {
  if (kustomize.string('version')) {
    kustomize.warn('ignored-field', ['version'], 'kustomizations are built by the built-in kustomize library', 'remove version')
  }
  return { tool: 'kustomize', overrides: readKustomizeOverrides(kustomize) }
}

function readDirectory(directory: Fields): RenderOptions {
  const include = directory.string('include') || undefined
  const exclude = directory.string('exclude') || undefined
  const jsonnet = directory.object('jsonnet')
  directory.ignore(
    'disableExtensionFilter',
    'only .yaml, .yml, .json and .jsonnet files are read',
    'give the files one of these extensions',
  )
  return {
    tool: 'directory',
    recurse: directory.boolean('recurse') ?? false,
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(jsonnet && !isEmptyBlock(jsonnet) && { jsonnet }),
  }
}
