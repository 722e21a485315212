import { z } from 'zod'

/** One event type at one version: its wire name, its validator, and how data of this version becomes the next version's. */
export interface EventDefinition<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly version: number
  readonly schema: z.ZodType<Data>
  /** An event of this type, ready to append. Throws `ZodError` when the data does not fit: a bug of the caller. */
  of(data: Data): NewEvent<Type, Data>
  /** Type guard for a stored event; data has been brought to this version on reading. */
  is(event: { readonly type: string }): event is StoredEventOf<Type, Data>
}

/** An event that is not yet in the log. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly schemaVersion: number
  readonly data: Data
}

/** The part of a stored event that its definition knows. */
export interface StoredEventOf<Type extends string, Data> {
  readonly type: Type
  readonly data: Data
}

/** The data of an event definition: `DataOf<typeof ApplicationDeclared>`. */
export type DataOf<D> = D extends EventDefinition<string, infer Data> ? Data : never

/**
 * Defines version `version` of event `type` (`<aggregate>.<past-tense>`). A published definition never changes: a new shape is a new
 * version with an upcaster from the one before and its own golden file. New optional fields are free.
 */
export function defineEvent<Type extends string, Shape extends z.ZodType>(
  type: Type,
  version: number,
  schema: Shape,
): EventDefinition<Type, z.output<Shape>> {
  type Data = z.output<Shape>
  return {
    type,
    version,
    schema: schema as unknown as z.ZodType<Data>,
    of: (data) => ({ type, schemaVersion: version, data: schema.parse(data) as Data }),
    is: (event): event is StoredEventOf<Type, Data> => event.type === type,
  }
}

/**
 * A piece of personal data inside an event. Writers set `value`; the ledger seals it under the subject's own key before it is stored, so the log
 * holds only `sealed`, and opens it on reading while the key exists. After erasure both are absent and the proofs stay valid.
 */
export const Personal = z.object({
  /** Pseudonym of the person, stable per ledger; never the name itself. */
  subject: z.string(),
  value: z.string().optional(),
  sealed: z.string().optional(),
})
export type Personal = z.infer<typeof Personal>
