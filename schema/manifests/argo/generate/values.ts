import type { Params } from './params.ts'
import type { Renderer } from './render.ts'

/** The parameters with the generator's `values`, each rendered with the parameters (but not with each other). */
export async function withValues(params: Params, values: Readonly<Record<string, string>>, rendering: Renderer): Promise<Params> {
  const names = Object.keys(values)
  if (names.length === 0) return params
  const texts = await rendering.render(Object.values(values), params)
  const entries = names.map((name, index) => [name, texts[index] ?? ''] as const)
  if (rendering.goTemplate) return { ...params, values: Object.fromEntries(entries) }
  return { ...params, ...Object.fromEntries(entries.map(([name, value]) => [`values.${name}`, value])) }
}
