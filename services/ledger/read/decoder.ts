import type { RawEvent, StoredEvent } from '../event.ts'
import { mapPersonal, mayHoldSealed, openField, personalFields } from '../personal/envelope.ts'
import type { SubjectKeys } from '../personal/subject-keys.ts'
import type { EventRegistry } from '../registry.ts'
import { decodeEvent } from './decode.ts'

/** From what is stored to what readers work with: parsed, personal fields opened as far as keys exist, brought to the newest version. */
export class Decoder {
  readonly #registry: EventRegistry
  readonly #keys: SubjectKeys

  constructor(registry: EventRegistry, keys: SubjectKeys) {
    this.#registry = registry
    this.#keys = keys
  }

  /** Throws `LEDGER_EVENT_INVALID` for a type or version that this process does not know. */
  async decode(raws: readonly RawEvent[]): Promise<StoredEvent[]> {
    const events = raws.map(decodeEvent)
    const sealed = events.filter((_, i) => mayHoldSealed(raws[i]!.data))
    const subjects = sealed.flatMap((event) => [...personalFields(event.data)].map((field) => field.subject))
    const keys = subjects.length > 0 ? await this.#keys.forOpening(subjects) : undefined
    return events.map((event, i) => {
      const opened =
        keys && mayHoldSealed(raws[i]!.data)
          ? { ...event, data: mapPersonal(event.data, (field) => openField(field, keys.get(field.subject))) }
          : event
      return this.#registry.upcast(opened)
    })
  }
}
