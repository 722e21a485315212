/** Keys and list indices from the root of an object. */
export type Path = readonly (string | number)[]

/** A path as people write it: `.spec.containers[0].image`, `.metadata.annotations["a.b/c"]`. */
export function showPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : /^[A-Za-z_][\w-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`))
    .join('')
}
