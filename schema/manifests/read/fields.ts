import { FairleadError } from '@fairlead/errors'
import type { SourcePosition } from '../model/refs.ts'
import { isObject, type Json, type JsonObject, type ManifestDocument, type Pointer, pointerText } from '../yaml/document.ts'
import { suggest } from './suggest.ts'
import type { Warning } from './warnings.ts'

/** One declaration while it is read: where it stands, what it is called, and what was noticed. */
export interface Reading {
  readonly document: ManifestDocument
  /** `Application argocd/my-app`. */
  readonly object: string
  readonly warnings: Warning[]
  /** Maps whose known fields have all been asked for; `Fields.done` of the root reports what is left in them. */
  readonly finished: Fields[]
}

export function startReading(document: ManifestDocument, object: string): Reading {
  return { document, object, warnings: [], finished: [] }
}

/** An error about one field; every reader's refusals look like this. */
export function invalid(
  reading: Reading,
  pointer: Pointer,
  message: string,
  next: string,
  code: 'MANIFEST_INVALID' | 'MANIFEST_UNSUPPORTED' = 'MANIFEST_INVALID',
): FairleadError {
  const where = reading.document.position(pointer)
  return new FairleadError(code, `${where.path}:${where.line}: ${reading.object}: ${message}`, {
    where: { repository: where.repository, commit: where.commit, file: where.path, line: where.line },
    next,
  })
}

export function warn(reading: Reading, code: Warning['code'], pointer: Pointer, message: string, next: string): void {
  const where: SourcePosition = reading.document.position(pointer)
  reading.warnings.push({ code, object: reading.object, field: pointerText(pointer), message, next, where, count: 1 })
}

/**
 * The fields of one map. Each getter gives `undefined` for a field that is absent or null (Kubernetes drops nulls) and throws
 * `MANIFEST_INVALID` for a value of another type, as the API server would. `done` reports the fields that nobody asked for.
 */
export class Fields {
  readonly reading: Reading
  readonly pointer: Pointer
  readonly #value: JsonObject
  readonly #known = new Set<string>()

  constructor(reading: Reading, pointer: Pointer, value: JsonObject) {
    this.reading = reading
    this.pointer = pointer
    this.#value = value
  }

  /** The map as it is written. */
  get whole(): JsonObject {
    return this.#value
  }

  /** The field's value, whatever it is. */
  any(key: string): Json | undefined {
    this.#known.add(key)
    return Object.hasOwn(this.#value, key) ? (this.#value[key] ?? undefined) : undefined
  }

  /** Written, even if with nothing after it. */
  written(key: string): boolean {
    this.#known.add(key)
    return Object.hasOwn(this.#value, key)
  }

  string(key: string): string | undefined {
    const value = this.any(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrong(key, 'text', value)
  }

  /** Text, or a number as text: for fields that are declared int-or-string. */
  intOrString(key: string): string | number | undefined {
    const value = this.any(key)
    if (value === undefined || typeof value === 'string' || typeof value === 'number') return value
    throw this.#wrong(key, 'a number or text', value)
  }

  boolean(key: string): boolean | undefined {
    const value = this.any(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.#wrong(key, 'true or false', value)
  }

  integer(key: string): number | undefined {
    const value = this.any(key)
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value
    throw this.#wrong(key, 'a whole number', value)
  }

  object(key: string): JsonObject | undefined {
    const value = this.any(key)
    if (value === undefined || isObject(value)) return value
    throw this.#wrong(key, 'a map', value)
  }

  /** The fields of a map below this one. */
  fields(key: string): Fields | undefined {
    const value = this.object(key)
    return value && new Fields(this.reading, [...this.pointer, key], value)
  }

  list(key: string): Json[] | undefined {
    const value = this.any(key)
    if (value === undefined || Array.isArray(value)) return value
    throw this.#wrong(key, 'a list', value)
  }

  strings(key: string): string[] | undefined {
    return this.list(key)?.map((item, index) => {
      if (typeof item === 'string') return item
      throw this.#wrong(key, 'text', item, index)
    })
  }

  /** The fields of each map of a list. */
  items(key: string): Fields[] | undefined {
    return this.list(key)?.map((item, index) => {
      if (isObject(item)) return new Fields(this.reading, [...this.pointer, key, index], item)
      throw this.#wrong(key, 'a map', item, index)
    })
  }

  /** A map of text to text (labels, annotations). */
  stringMap(key: string): Record<string, string> | undefined {
    const value = this.object(key)
    if (!value) return undefined
    const entries = Object.entries(value).filter(([, item]) => item !== null)
    for (const [name, item] of entries) if (typeof item !== 'string') throw this.#wrong(key, 'text', item, name)
    return Object.fromEntries(entries) as Record<string, string>
  }

  /** Fields that are part of the kind and do nothing here: no warning. */
  accept(...keys: string[]): void {
    for (const key of keys) this.#known.add(key)
  }

  /** A field of the kind that Fairlead does without; told once if it is set. */
  ignore(key: string, why: string, next: string): void {
    if (this.any(key) !== undefined) this.warn('ignored-field', [key], why, next)
  }

  /**
   * No more getters will be called. At the root, reports every field in the whole declaration that none asked for; such fields stay
   * in the document and change nothing.
   */
  done(): void {
    this.reading.finished.push(this)
    if (this.pointer.length > 0) return
    for (const fields of this.reading.finished) fields.#reportUnknown()
  }

  #reportUnknown(): void {
    for (const key of Object.keys(this.#value)) {
      if (this.#known.has(key)) continue
      const field = pointerText([...this.pointer, key])
      const meant = this.#meant(key)
      const next = meant ? `did you mean ${pointerText(meant)}?` : 'remove it, or check its spelling'
      this.warn('unknown-field', [key], `${field} is not a field of this kind; it is kept and changes nothing`, next)
    }
  }

  /** A field with this name in a map around this one (wrong indentation), or one here with nearly this name. */
  #meant(key: string): Pointer | undefined {
    const around = this.reading.finished.find((other) => isPrefix(other.pointer, this.pointer) && other.#known.has(key))
    if (around) return [...around.pointer, key]
    const near = suggest(key, this.#known)
    return near === undefined ? undefined : [...this.pointer, near]
  }

  error(path: Pointer, message: string, next: string, code?: 'MANIFEST_INVALID' | 'MANIFEST_UNSUPPORTED'): FairleadError {
    return invalid(this.reading, [...this.pointer, ...path], message, next, code)
  }

  warn(code: Warning['code'], path: Pointer, message: string, next: string): void {
    warn(this.reading, code, [...this.pointer, ...path], message, next)
  }

  #wrong(key: string, wanted: string, value: Json, inner?: string | number): FairleadError {
    const path = inner === undefined ? [key] : [key, inner]
    const field = pointerText([...this.pointer, ...path])
    const next = wanted === 'text' ? howToQuote(value) : `write ${wanted} and push again`
    return this.error(path, `${field} must be ${wanted}, not ${typeName(value)}`, next)
  }
}

function isPrefix(shorter: Pointer, longer: Pointer): boolean {
  return shorter.length < longer.length && shorter.every((part, index) => part === longer[index])
}

function howToQuote(value: Json): string {
  if (typeof value === 'boolean')
    return 'put the value in quotes and push again: y, n, yes, no, on, off, true and false are booleans in YAML'
  return typeof value === 'number' ? 'put the value in quotes and push again' : 'write text and push again'
}

function typeName(value: Json): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'a number' : 'true or false'
}
