import { FairleadError } from '@fairlead/errors'
import type { AppendRequest, Expected } from '../event.ts'
import { uuid7 } from '../ids.ts'
import { mayHoldValue } from '../personal/envelope.ts'
import { sealRequest } from '../personal/seal.ts'
import type { SubjectKeys } from '../personal/subject-keys.ts'
import type { EventRegistry } from '../registry.ts'

/** One stream of one append; `count` 0 is a condition on a stream that is not written. */
export interface Entry {
  readonly stream: string
  readonly expected: Expected
  readonly count: number
}

/** An append that has been validated and serialised; what follows never looks at the caller's objects again. */
export interface Prepared {
  /** Written streams in the caller's order, then conditions. */
  readonly entries: readonly Entry[]
  readonly context: string
  /** '' for none. */
  readonly key: string
  /** The events of all entries, in order, as parallel lists. */
  readonly types: readonly string[]
  readonly schemas: readonly number[]
  readonly ids: readonly string[]
  readonly texts: readonly string[]
  readonly sizeBytes: number
  /** An event may hold a personal field in the clear: seal the request and prepare it again. */
  readonly toSeal: boolean
}

/** Most events of one append. */
export const maxAppendEvents = 10_000
/** Largest JSON text of one append, in UTF-16 units. */
export const maxAppendSize = 16 * 1024 * 1024

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const forbiddenInNames = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u

/** `prepare`, with personal fields sealed. Only a request that may hold one waits for a key. */
export function prepareSealed(request: AppendRequest, registry: EventRegistry, subjects: SubjectKeys): Prepared | Promise<Prepared> {
  const prepared = prepare(request, registry)
  return prepared.toSeal ? sealRequest(request, subjects).then((sealed) => prepare(sealed, registry)) : prepared
}

/** Throws `LEDGER_EVENT_INVALID` naming what is wrong; a valid request comes back serialised. */
export function prepare(request: AppendRequest, registry: EventRegistry): Prepared {
  if (request.streams.length === 0) throw invalid('an append writes at least one stream')
  const entries: Entry[] = []
  const types: string[] = []
  const schemas: number[] = []
  const ids: string[] = []
  const texts: string[] = []
  const context = jsonText(request.context, 'context')
  let sizeBytes = context.length
  let toSeal = false
  for (const { stream, expected, events } of request.streams) {
    if (events.length === 0) throw invalid(`stream ${stream} is to be written without an event; use a condition`)
    entries.push(entry(stream, expected, events.length))
    for (const event of events) {
      registry.validate(event.type, event.schemaVersion, event.data)
      if (event.id !== undefined && !uuid.test(event.id)) throw invalid(`event id ${event.id} is not a UUID`)
      const text = jsonText(event.data, event.type)
      types.push(event.type)
      schemas.push(event.schemaVersion)
      ids.push(event.id ?? uuid7())
      texts.push(text)
      sizeBytes += text.length
      toSeal ||= mayHoldValue(text)
    }
  }
  for (const { stream, expected } of request.conditions ?? []) entries.push(entry(stream, expected, 0))
  if (entries.length > 1 && new Set(entries.map((each) => each.stream)).size !== entries.length) {
    throw invalid('a stream may be named once in an append')
  }
  if (texts.length > maxAppendEvents) throw invalid(`an append holds at most ${maxAppendEvents} events, this one ${texts.length}`)
  if (sizeBytes > maxAppendSize) throw invalid(`an append holds at most ${maxAppendSize} characters, this one ${sizeBytes}`)
  return { entries, context, key: key(request.idempotencyKey), types, schemas, ids, texts, sizeBytes, toSeal }
}

function entry(stream: string, expected: Expected, count: number): Entry {
  if (stream.length === 0 || stream.length > 255 || forbiddenInNames.test(stream))
    throw invalid(`stream name ${JSON.stringify(stream)} is not valid`)
  if (typeof expected === 'number' && !(Number.isInteger(expected) && expected >= 0 && expected < 2 ** 31)) {
    throw invalid(`expected version ${expected} of ${stream} is not a version`)
  }
  return { stream, expected, count }
}

function key(value: string | undefined): string {
  if (value === undefined) return ''
  if (value.length === 0 || value.length > 300 || forbiddenInNames.test(value))
    throw invalid('an idempotency key has 1 to 300 printable characters')
  return value
}

function jsonText(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new FairleadError('LEDGER_EVENT_INVALID', `${what} cannot be written as JSON`, { cause })
  }
  if (text === undefined) throw invalid(`${what} has no JSON form`)
  return text
}

function invalid(message: string): FairleadError {
  return new FairleadError('LEDGER_EVENT_INVALID', message)
}
