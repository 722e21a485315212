import { FairleadError } from '@fairlead/errors'
import * as access from './access.ts'
import * as application from './application.ts'
import * as audit from './audit.ts'
import type { EventDefinition } from './define.ts'
import * as fleet from './fleet.ts'

const definitions: readonly EventDefinition[] = [
  ...Object.values(access),
  ...Object.values(application),
  ...Object.values(audit),
  ...Object.values(fleet),
] as unknown as EventDefinition[]

/** Turns the data of one version into the next version's; key `<type>@<from>`. */
const upcasters: Readonly<Record<string, (data: unknown) => unknown>> = {}

const byKey = new Map(definitions.map((definition) => [`${definition.type}@${definition.version}`, definition]))
const latest = new Map<string, number>()
for (const definition of definitions) latest.set(definition.type, Math.max(definition.version, latest.get(definition.type) ?? 0))

/** The part of a stored event that its version is about. */
export interface VersionedEvent {
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
}

/** What the ledger needs to know of event types: validate on append, bring old versions up to date on reading. */
export interface EventRegistry {
  /** Every (type, version) that exists. */
  readonly definitions: readonly EventDefinition[]
  /** Throws `LEDGER_EVENT_INVALID` for an unknown type or version, or data that does not fit. */
  validate(type: string, schemaVersion: number, data: unknown): void
  /** The event with its data at the latest version of its type. Throws `LEDGER_EVENT_INVALID` for an unknown type or version. */
  upcast<Event extends VersionedEvent>(stored: Event): Event
}

export const eventRegistry: EventRegistry = {
  definitions,
  validate(type, schemaVersion, data) {
    const definition = byKey.get(`${type}@${schemaVersion}`)
    if (!definition) throw new FairleadError('LEDGER_EVENT_INVALID', `unknown event type ${type} version ${schemaVersion}`)
    const result = definition.schema.safeParse(data)
    if (result.success) return
    const issue = result.error.issues[0]
    throw new FairleadError(
      'LEDGER_EVENT_INVALID',
      `${type}@${schemaVersion}: ${issue?.path.join('.') || 'data'}: ${issue?.message ?? 'invalid'}`,
    )
  },
  upcast(stored) {
    const { type, schemaVersion } = stored
    const target = latest.get(type)
    if (target === undefined || schemaVersion > target) {
      throw new FairleadError('LEDGER_EVENT_INVALID', `unknown event type ${type} version ${schemaVersion}`)
    }
    if (schemaVersion === target) return stored
    let data = stored.data
    for (let version = schemaVersion; version < target; version++) {
      const upcaster = upcasters[`${type}@${version}`]
      if (!upcaster) throw new FairleadError('LEDGER_EVENT_INVALID', `${type}@${version} has no upcaster to version ${version + 1}`)
      data = upcaster(data)
    }
    return { ...stored, schemaVersion: target, data }
  },
}
