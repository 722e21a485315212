import { FairleadError } from '@fairlead/errors'
import type { ApplicationSpec } from '../../model/application.ts'
import type { ApplicationSetSpec, Generator } from '../../model/application-set.ts'
import type { SourcePosition } from '../../model/refs.ts'
import type { Read, Warning } from '../../read/warnings.ts'
import { isObject, type JsonObject, type ManifestDocument, type Pointer, pointerText } from '../../yaml/document.ts'
import { parseValues } from '../../yaml/parse.ts'
import { readApplication } from '../application.ts'
import type { GeneratorInputs } from './inputs.ts'
import { paramSets } from './param-sets.ts'
import { fill, type Params } from './params.ts'
import { applyPatch } from './patch.ts'
import { type Renderer, renderDeep, renderer, type TemplateEngine } from './render.ts'

const resourcesFinalizer = 'resources-finalizer.argocd.argoproj.io'

/**
 * The applications of an ApplicationSet, in the order of its generators. All or nothing: an error in any generator, template or
 * application throws, and nothing that exists may change because of it (Argo CD, since the mass deletions of 2024).
 * `engine` is asked only when the set uses Go templates.
 */
export async function generate(
  set: ApplicationSetSpec,
  inputs: GeneratorInputs,
  engine: TemplateEngine,
  signal?: AbortSignal,
): Promise<Read<ApplicationSpec>[]> {
  const rendering = renderer(set, engine, signal)
  const applications = new Map<string, Read<ApplicationSpec>>()
  try {
    for (const generator of set.generators) {
      const template = templateFor(set, generator)
      for (const params of await paramSets(generator, inputs, rendering)) {
        signal?.throwIfAborted()
        const application = await renderApplication(set, template, params, rendering)
        const { name } = application.spec
        if (applications.has(name)) {
          throw new FairleadError('MANIFEST_INVALID', `two applications are named ${name}`, {
            next: 'use a parameter that tells them apart in metadata.name',
          })
        }
        applications.set(name, application)
      }
    }
  } catch (error) {
    if (!FairleadError.is(error)) throw error
    throw inSet(set, error)
  }
  return [...applications.values()]
}

/** A generator's own template wins over the set's, field by field. */
function templateFor(set: ApplicationSetSpec, generator: Generator): JsonObject {
  return generator.template ? fill(generator.template, set.template) : set.template
}

async function renderApplication(
  set: ApplicationSetSpec,
  template: JsonObject,
  params: Params,
  rendering: Renderer,
): Promise<Read<ApplicationSpec>> {
  const rendered = await renderDeep(template, params, rendering)
  const metadata = isObject(rendered['metadata']) ? rendered['metadata'] : {}
  const finalizers = metadata['finalizers']
  const named: JsonObject = { ...metadata, namespace: set.namespace }
  if (!(Array.isArray(finalizers) && finalizers.length > 0) && !set.preserveResourcesOnDeletion) named['finalizers'] = [resourcesFinalizer]
  let application: JsonObject = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: named, spec: rendered['spec'] ?? {} }
  const warnings: Warning[] = []
  if (set.templatePatch !== undefined) application = await patched(set, application, params, rendering, warnings)
  const read = readApplication(documentIn(set, application), { kind: 'applicationset', name: set.id })
  return { spec: read.spec, warnings: [...warnings, ...read.warnings] }
}

/** The application with the set's templatePatch. A patch never changes the project or the namespace (Argo CD). */
async function patched(
  set: ApplicationSetSpec,
  application: JsonObject,
  params: Params,
  rendering: Renderer,
  warnings: Warning[],
): Promise<JsonObject> {
  const [text = ''] = await rendering.render([set.templatePatch ?? ''], params)
  const [patch] = parseValues(text, { ...set.declaredAt, path: `${set.declaredAt.path} (templatePatch)` })
  if (patch === undefined || patch === null) return application
  if (!isObject(patch))
    throw new FairleadError('MANIFEST_INVALID', 'templatePatch must render to a map', { next: 'write it like an Application' })
  const result = applyPatch(application, patch)
  const before = application['spec'] as JsonObject
  const after = isObject(result['spec']) ? result['spec'] : {}
  if (after['project'] !== before['project']) {
    const message = "templatePatch may not change the project; the template's is kept"
    const next = 'set project in the template'
    warnings.push({
      code: 'ignored-field',
      object: `ApplicationSet ${set.namespace}/${set.name}`,
      field: 'spec.templatePatch',
      message,
      next,
      where: set.declaredAt,
      count: 1,
    })
    if (before['project'] === undefined) delete after['project']
    else after['project'] = before['project']
  }
  const metadata = { ...(isObject(result['metadata']) ? result['metadata'] : {}), namespace: set.namespace }
  return { ...result, apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata, spec: after }
}

/** Errors and positions of a made application point into the template. */
function documentIn(set: ApplicationSetSpec, value: JsonObject): ManifestDocument {
  return {
    value,
    position(pointer: Pointer): SourcePosition {
      for (let length = pointer.length; length > 0; length--) {
        const line = set.templateLines[pointerText(pointer.slice(0, length))]
        if (line !== undefined) return { ...set.declaredAt, line }
      }
      return set.declaredAt
    },
  }
}

function inSet(set: ApplicationSetSpec, error: FairleadError): FairleadError {
  const { repository, commit, path, line } = set.declaredAt
  const prefix = error.where?.file === undefined ? `${path}:${line}: ` : ''
  const located = new FairleadError(error.code, `${prefix}ApplicationSet ${set.namespace}/${set.name}: ${error.message}`, {
    cause: error.cause,
    ...(error.where && { where: error.where }),
    next: error.next,
    retryable: error.retryable,
  })
  return error.where?.file === undefined ? located.at({ repository, commit, file: path, line }) : located
}
