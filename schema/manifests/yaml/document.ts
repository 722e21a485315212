import type { SourcePosition } from '../model/refs.ts'

/** Path to a field: keys of maps and indexes of lists, from the root of a document. */
export type Pointer = readonly (string | number)[]

/** Anything JSON can hold; what a YAML document becomes. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** One declaration, however it came here: parsed from a file, or rendered by an application. */
export interface ManifestDocument {
  readonly value: JsonObject
  /** Where a field stands; for a field that is not there, where its nearest parent stands. */
  position(pointer: Pointer): SourcePosition
}

/** A declaration that was not read from a file here: every field stands where the object stands. */
export function documentAt(value: JsonObject, position: SourcePosition): ManifestDocument {
  return { value, position: () => position }
}

/** `spec.source.helm.valueFiles[0]`; keys that are not plain words are quoted. */
export function pointerText(pointer: Pointer): string {
  let text = ''
  for (const part of pointer) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
