import type { ObjectRef } from '@fairlead/manifests'
import type { Bundle } from '@fairlead/messages'
import { z } from 'zod'

/**
 * What is remembered of an application's render under its key. `places` says what a project has to judge, without the bundle: each kind
 * and namespace once, cluster-scoped objects by name.
 */
export const RenderEntry = z.object({
  v: z.literal(1),
  bundle: z.string(),
  objects: z.int().nonnegative(),
  /** Blob with the declarations for the hub; absent when there are none. */
  declarations: z.string().optional(),
  /** Container images that the manifests name; absent: not known. */
  images: z.array(z.string()).optional(),
  places: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])),
})
export type RenderEntry = z.infer<typeof RenderEntry>

/** Reads what the cache holds; undefined for an entry of another version. */
export function parseEntry(text: string): RenderEntry | undefined {
  try {
    const entry = RenderEntry.safeParse(JSON.parse(text))
    return entry.success ? entry.data : undefined
  } catch {
    return undefined
  }
}

export function placesOf(bundle: Bundle): RenderEntry['places'] {
  const places = new Map<string, RenderEntry['places'][number]>()
  for (const { ref } of bundle.objects) {
    const { group, kind, namespace, name } = ref
    const key = `${group}/${kind}/${namespace}/${namespace === '' ? name : ''}`
    if (!places.has(key)) places.set(key, [group, kind, namespace, name])
  }
  return [...places.values()]
}

export function refsOf(places: RenderEntry['places']): ObjectRef[] {
  return places.map(([group, kind, namespace, name]) => ({ group, kind, namespace, name }))
}
