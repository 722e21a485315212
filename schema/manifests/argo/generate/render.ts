import { FairleadError } from '@fairlead/errors'
import { isObject, type Json, type JsonObject } from '../../yaml/document.ts'
import type { Params } from './params.ts'

/** Go text/template with sprig and Argo CD's functions (normalize, slugify, toYaml, fromYaml, fromYamlArray). */
export interface TemplateEngine {
  /** Each template rendered with the same parameters, in order. Throws `RENDER_TEMPLATE`. */
  render(templates: readonly string[], params: Params, options: TemplateOptions, signal?: AbortSignal): Promise<string[]>
}

export interface TemplateOptions {
  /** Such as `missingkey=error`. */
  readonly goTemplateOptions: readonly string[]
}

/** How the templates of one ApplicationSet are rendered. */
export interface Renderer {
  readonly goTemplate: boolean
  render(templates: readonly string[], params: Params): Promise<string[]>
}

export function renderer(
  set: { readonly goTemplate: boolean; readonly goTemplateOptions: readonly string[] },
  engine: TemplateEngine,
  signal?: AbortSignal,
): Renderer {
  if (!set.goTemplate)
    return { goTemplate: false, render: async (templates, params) => templates.map((template) => replaceTags(template, params)) }
  const options = { goTemplateOptions: set.goTemplateOptions }
  return { goTemplate: true, render: (templates, params) => engine.render(templates, params, options, signal) }
}

/**
 * `{{ key }}` replaced by the parameter; what is unknown or not text stays as it is. Argo CD: fasttemplate.
 * Throws `RENDER_TEMPLATE` for a `{{` that is never closed, when the text holds a tag at all.
 */
export function replaceTags(template: string, params: Params): string {
  if (!/\{\{.*\}\}/.test(template)) return template
  let result = ''
  let rest = template
  for (;;) {
    const start = rest.indexOf('{{')
    if (start < 0) return result + rest
    const end = rest.indexOf('}}', start + 2)
    if (end < 0) throw new FairleadError('RENDER_TEMPLATE', 'a {{ of the template is not closed', { next: 'close it with }}' })
    const tag = rest.slice(start + 2, end)
    const key = tag.trim()
    const value = key !== '' && Object.hasOwn(params, key) ? params[key] : undefined
    result += rest.slice(0, start) + (typeof value === 'string' ? value : `{{${tag}}}`)
    rest = rest.slice(end + 2)
  }
}

/** Every text of a value, keys of maps included, rendered; one call to the engine. Argo CD renders each text by itself. */
export async function renderDeep(value: JsonObject, params: Params, rendering: Renderer): Promise<JsonObject> {
  const templates = new Set<string>()
  const collect = (item: Json): void => {
    if (typeof item === 'string') {
      if (item.includes('{{')) templates.add(item)
    } else if (Array.isArray(item)) item.forEach(collect)
    else if (isObject(item)) for (const [key, inner] of Object.entries(item)) [key, inner].forEach(collect)
  }
  collect(value)
  if (templates.size === 0) return value
  const written = [...templates]
  const texts = await rendering.render(written, params)
  if (texts.length !== written.length) throw new FairleadError('RENDER_TEMPLATE', 'the template engine gave back another number of texts')
  const rendered = new Map(written.map((template, index) => [template, texts[index] ?? '']))
  const replace = (item: Json): Json => {
    if (typeof item === 'string') return rendered.get(item) ?? item
    if (Array.isArray(item)) return item.map(replace)
    if (isObject(item)) return Object.fromEntries(Object.entries(item).map(([key, inner]) => [rendered.get(key) ?? key, replace(inner)]))
    return item
  }
  return replace(value) as JsonObject
}
