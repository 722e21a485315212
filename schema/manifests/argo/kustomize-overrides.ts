import type { Fields } from '../read/fields.ts'
import type { Json } from '../yaml/document.ts'

/**
 * Argo CD's kustomize block in kustomize's own spelling: what would stand in a kustomization file that is laid over the source.
 * Flags that only say how to lay it over keep their Argo CD names (`force*`, `commonAnnotationsEnvsubst`, `ignoreMissingComponents`).
 */
export function readKustomizeOverrides(block: Fields): Record<string, Json> {
  const overrides: Record<string, Json> = {}
  const put = (key: string, value: Json | undefined): void => {
    if (value === undefined || value === '' || value === false) return
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return
    overrides[key] = value
  }
  put('namePrefix', block.string('namePrefix'))
  put('nameSuffix', block.string('nameSuffix'))
  put('namespace', block.string('namespace'))
  put(
    'images',
    block.strings('images')?.map((text, index) => {
      const image = parseImage(text)
      if (image) return image
      throw block.error(['images', index], 'not a kustomize image', 'write name:tag, name=newname:tag or name@sha256:…')
    }),
  )
  put(
    'replicas',
    block.items('replicas')?.map((item) => {
      const count = Number(item.intOrString('count') ?? 0)
      const replica = { name: item.string('name') ?? '', count }
      if (!Number.isInteger(count) || count < 0) throw item.error(['count'], 'count must be a whole number', 'write count: 3')
      item.done()
      return replica
    }),
  )
  put('patches', block.list('patches'))
  put('components', block.strings('components'))
  put('ignoreMissingComponents', block.boolean('ignoreMissingComponents'))

  const labels = block.stringMap('commonLabels')
  const withoutSelector = block.boolean('labelWithoutSelector') ?? false
  const includeTemplates = block.boolean('labelIncludeTemplates') ?? false
  if (labels && withoutSelector) put('labels', [{ pairs: labels, includeSelectors: false, includeTemplates }])
  else put('commonLabels', labels)
  put('commonAnnotations', block.stringMap('commonAnnotations'))
  put('forceCommonLabels', block.boolean('forceCommonLabels'))
  put('forceCommonAnnotations', block.boolean('forceCommonAnnotations'))
  put('commonAnnotationsEnvsubst', block.boolean('commonAnnotationsEnvsubst'))
  put('kubeVersion', block.string('kubeVersion'))
  put('apiVersions', block.strings('apiVersions'))
  return overrides
}

type KustomizeImage = { name: string; newName?: string; newTag?: string; digest?: string }

/** `name`, `name:tag`, `name@digest`, `name=newname[:tag][@digest]`, as `kustomize edit set image` reads them. */
export function parseImage(text: string): KustomizeImage | undefined {
  const equals = text.indexOf('=')
  const from = equals < 0 ? '' : text.slice(0, equals)
  const to = equals < 0 ? text : text.slice(equals + 1)
  const at = to.indexOf('@')
  const digest = at < 0 ? '' : to.slice(at + 1)
  const tagged = at < 0 ? to : to.slice(0, at)
  // A colon before the last slash belongs to the registry's port.
  const colon = tagged.lastIndexOf(':') > tagged.lastIndexOf('/') ? tagged.lastIndexOf(':') : -1
  const name = colon < 0 ? tagged : tagged.slice(0, colon)
  const tag = colon < 0 ? '' : tagged.slice(colon + 1)
  if ((equals >= 0 && from === '') || name === '' || (at >= 0 && digest === '') || (colon >= 0 && tag === '')) return undefined
  if (equals < 0 && tag === '' && digest === '') return undefined
  return {
    name: equals < 0 ? name : from,
    // `*` keeps the image's own name.
    ...(equals >= 0 && name !== '*' && { newName: name }),
    ...(tag !== '' && tag !== '*' && { newTag: tag }),
    ...(digest !== '' && { digest }),
  }
}
