import { fieldsOf } from '../../health/assess/fields.ts'
import type { KubernetesObject } from '../../kubernetes/object.ts'

/** A Secret in the form in which the API server stores it: `stringData` becomes base64 in `data`, and wins. Other kinds are returned as they are. */
export function secretAsStored(object: KubernetesObject): KubernetesObject {
  if (object.apiVersion !== 'v1' || object.kind !== 'Secret' || (object.stringData === undefined && object.data === undefined))
    return object
  const { stringData, data, ...rest } = object
  const written = Object.entries(fieldsOf(stringData)).map(([key, value]) => [key, Buffer.from(String(value ?? '')).toString('base64')])
  const encoded = Object.entries(fieldsOf(data)).map(([key, value]) => [key, withoutLineBreaks(value)])
  return { ...rest, data: { ...Object.fromEntries(encoded), ...Object.fromEntries(written) } } as KubernetesObject
}

/** Base64 in a manifest may be folded; stored it is not. */
function withoutLineBreaks(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\s+/g, '') : (value ?? '')
}
