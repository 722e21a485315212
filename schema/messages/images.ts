const containerLists = new Set(['containers', 'initContainers', 'ephemeralContainers'])

/** Container images that manifests name, wherever pods are described in them; nothing else of the manifests. Sorted. */
export function imagesIn(manifests: unknown): string[] {
  const found = new Set<string>()
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > maxDepth) return
    for (const [key, inner] of Object.entries(value)) {
      if (containerLists.has(key) && Array.isArray(inner)) for (const container of inner) collect(container, found)
      walk(inner, depth + 1)
    }
  }
  walk(manifests, 0)
  return [...found].sort()
}

/** Deeper than any manifest that describes pods. */
const maxDepth = 40

function collect(container: unknown, found: Set<string>): void {
  const image = (container as { image?: unknown } | null)?.image
  if (typeof image === 'string') found.add(image)
}
