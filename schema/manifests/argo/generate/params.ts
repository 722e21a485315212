import { isObject, type Json, type JsonObject } from '../../yaml/document.ts'

/** One set of values that the template is rendered with. Without goTemplate every value is text and the keys are flat (`path.basename`). */
export type Params = JsonObject

/** `a.b.0` for nested values, as text. Empty maps and lists have no leaf. */
export function flatten(params: JsonObject): Record<string, string> {
  const flat: Record<string, string> = {}
  const walk = (value: Json, key: string): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, `${key}.${index}`)
    else if (isObject(value)) for (const [name, item] of Object.entries(value)) walk(item, key === '' ? name : `${key}.${name}`)
    else flat[key] = text(value)
  }
  walk(params, '')
  return flat
}

/** A scalar as a parameter's text. Whole numbers stay whole: no exponent, which Argo CD prints from 1,000,000 on. */
export function text(value: Json): string {
  if (value === null) return '<nil>'
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : String(value)
}

/** What `over` holds wins, deep; used for merge, where later generators override. */
export function override(under: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (isEmpty(value) && Object.hasOwn(under, key)) continue
    const before = Object.hasOwn(under, key) ? under[key] : undefined
    merged[key] = isObject(before) && isObject(value) ? override(before, value) : value
  }
  return merged
}

/** What `first` holds wins unless it is empty, deep; used for matrix and for a generator's own template. */
export function fill(first: JsonObject, second: JsonObject): JsonObject {
  const merged: JsonObject = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const own = Object.hasOwn(first, key) ? first[key] : undefined
    if (own === undefined || isEmpty(own)) merged[key] = value
    else if (isObject(own) && isObject(value)) merged[key] = fill(own, value)
  }
  return merged
}

/** Go's zero values, which mergo treats as not set. */
function isEmpty(value: Json): boolean {
  if (value === null || value === '' || value === false || value === 0) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Letters, digits, `-` and `.` only, as Argo CD's `…Normalized` parameters. */
export function normalizeName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]/g, '-')
    .slice(0, 253)
    .replaceAll(/^[-.]+|[-.]+$/g, '')
}
