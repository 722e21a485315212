import type { ApplicationSetSpec } from '../model/application-set.ts'
import type { Fields } from '../read/fields.ts'
import { applicationId, readMetadata } from '../read/metadata.ts'
import type { Read } from '../read/warnings.ts'
import { isObject, type JsonObject, type ManifestDocument, type Pointer, pointerText } from '../yaml/document.ts'
import { controlNamespace, type Parent } from './application.ts'
import { readGenerators } from './generators.ts'

const policies = ['sync', 'create-only', 'create-update', 'create-delete'] as const

/**
 * An Argo CD `ApplicationSet` (argoproj.io/v1alpha1). The template is kept as written; `generate` makes the applications.
 * Throws `MANIFEST_INVALID`, or `MANIFEST_UNSUPPORTED` naming the generator, with file and line.
 */
export function readApplicationSet(document: ManifestDocument, parent: Parent): Read<ApplicationSetSpec> {
  const { reading, metadata, root } = readMetadata(document, 'ApplicationSet', controlNamespace)
  root.accept('status')
  const spec = root.fields('spec')
  if (!spec) throw root.error(['spec'], 'the ApplicationSet has no spec', 'write spec with generators and template')
  const template = readTemplate(spec)
  const goTemplate = spec.boolean('goTemplate') ?? false
  const syncPolicy = spec.fields('syncPolicy')
  const preserved = spec.fields('preservedFields')
  const strategy = spec.object('strategy')
  if (strategy && strategy['type'] === 'RollingSync') {
    spec.warn(
      'ignored-field',
      ['strategy'],
      'the steps of RollingSync are not followed; waves of the applications are',
      'use argocd.argoproj.io/sync-wave on the template',
    )
  }
  spec.accept('applyNestedSelectors') // always applied, as in Argo CD 3
  const templatePatch = spec.string('templatePatch') || undefined
  const result: ApplicationSetSpec = {
    id: applicationId(root, metadata, controlNamespace),
    name: metadata.name,
    namespace: metadata.namespace,
    labels: metadata.labels,
    annotations: metadata.annotations,
    goTemplate,
    goTemplateOptions: spec.strings('goTemplateOptions') ?? [],
    generators: readGenerators(spec, 'generators', { goTemplate, depth: 1 }),
    template,
    ...(templatePatch && { templatePatch }),
    applicationsSync: readPolicy(syncPolicy),
    preserveResourcesOnDeletion: syncPolicy?.boolean('preserveResourcesOnDeletion') ?? false,
    preservedFields: { labels: preserved?.strings('labels') ?? [], annotations: preserved?.strings('annotations') ?? [] },
    ignoreApplicationDifferences: spec.list('ignoreApplicationDifferences') ?? [],
    ...(strategy && { strategy }),
    parent,
    declaredAt: document.position(['metadata', 'name']),
    templateLines: linesOf(document, template),
  }
  if (result.generators.length === 0)
    throw spec.error(['generators'], 'the ApplicationSet has no generators', 'write at least one, such as list')
  for (const fields of [syncPolicy, preserved, spec, root]) fields?.done()
  return { spec: result, warnings: reading.warnings }
}

function readTemplate(spec: Fields): JsonObject {
  const template = spec.fields('template')
  const metadata = template?.fields('metadata')
  if (!template || !metadata?.string('name')) {
    throw spec.error(['template'], 'the template has no metadata.name', "write template with metadata.name, such as '{{name}}-app'")
  }
  if (!template.object('spec')) throw template.error(['spec'], 'the template has no spec', 'write the spec of an Application')
  template.done()
  return spec.object('template') ?? {}
}

function readPolicy(syncPolicy: Fields | undefined): ApplicationSetSpec['applicationsSync'] {
  const written = syncPolicy?.string('applicationsSync') || 'sync'
  const policy = policies.find((candidate) => candidate === written)
  if (policy) return policy
  throw syncPolicy?.error(['applicationsSync'], 'applicationsSync is not a policy', `write one of ${policies.join(', ')}`)
}

function linesOf(document: ManifestDocument, template: JsonObject): Record<string, number> {
  const lines: Record<string, number> = {}
  const walk = (value: unknown, pointer: Pointer): void => {
    lines[pointerText(pointer)] = document.position(['spec', 'template', ...pointer]).line
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...pointer, index])
    else if (isObject(value)) for (const [key, item] of Object.entries(value)) walk(item, [...pointer, key])
  }
  walk(template, [])
  return lines
}
