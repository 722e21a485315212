/** The fields that a strict API server names as unknown, as it writes them: `spec.containers[0].imagez`. Empty when it refused for another reason. */
export function unknownFields(message: string): string[] {
  return [...message.matchAll(/unknown field "((?:[^"\\]|\\.)+)"/g)].map(([, path]) => path as string)
}

/** `value` without the fields of these paths; what a path does not lead to is left alone. */
export function withoutFields<T>(value: T, paths: readonly string[]): T {
  const copy = structuredClone(value)
  for (const path of paths) remove(copy, path)
  return copy
}

function remove(value: unknown, path: string): void {
  if (Array.isArray(value)) {
    const [head = '', index] = /^\[(\d+)\]\.?/.exec(path) ?? []
    if (index !== undefined) remove(value[Number(index)], path.slice(head.length))
    return
  }
  if (typeof value !== 'object' || value === null) return
  const fields = value as Record<string, unknown>
  // A key may hold a dot itself: the longest that fits is meant.
  const fitting = Object.keys(fields).filter((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`))
  const key = fitting.sort((a, b) => b.length - a.length)[0]
  if (key === undefined) return
  if (path === key) delete fields[key]
  else remove(fields[key], path.slice(key.length + (path[key.length] === '.' ? 1 : 0)))
}
