import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/**
 * A personal field as `@fairlead/events` defines it (`Personal`): writers give `value`, the log holds `sealed`, readers get `value`
 * as long as the subject's key exists, and afterwards neither.
 */
export interface PersonalField {
  readonly subject: string
  readonly value?: string
  readonly sealed?: string
}

const ivBytes = 12
const tagBytes = 16

/** Whether JSON text can hold a field that is to be sealed, or one that is to be opened: a look that costs next to nothing. */
export const mayHoldValue = (text: string): boolean => text.includes('"subject":') && text.includes('"value":')
export const mayHoldSealed = (text: string): boolean => text.includes('"sealed":')

/** Every personal field in a JSON value, wherever it stands. */
export function* personalFields(value: unknown): Iterable<PersonalField> {
  if (Array.isArray(value)) {
    for (const each of value) yield* personalFields(each)
  } else if (typeof value === 'object' && value !== null) {
    if (isPersonal(value)) yield value
    else for (const each of Object.values(value)) yield* personalFields(each)
  }
}

/** The same value with every personal field replaced. */
export function mapPersonal(value: unknown, replace: (field: PersonalField) => PersonalField): unknown {
  if (Array.isArray(value)) return value.map((each) => mapPersonal(each, replace))
  if (typeof value !== 'object' || value === null) return value
  if (isPersonal(value)) return replace(value)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapPersonal(each, replace)]))
}

/** AES-256-GCM under the subject's own key, bound to the subject. */
export function sealField({ subject, value, ...field }: PersonalField, key: Uint8Array): PersonalField {
  if (value === undefined) return { subject, ...field }
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(subject, 'utf8'))
  const sealed = Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { subject, sealed: sealed.toString('base64') }
}

/** Without a key the field keeps its subject only. Throws when the envelope is not the subject's. */
export function openField({ subject, sealed }: PersonalField, key: Uint8Array | undefined): PersonalField {
  if (sealed === undefined || key === undefined) return { subject }
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes))
  decipher.setAAD(Buffer.from(subject, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const value = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8')
  return { subject, value }
}

function isPersonal(value: object): value is PersonalField {
  const { subject, value: clear, sealed, ...others } = value as Record<string, unknown>
  const named = typeof subject === 'string' && (typeof clear === 'string' || typeof sealed === 'string')
  return named && Object.keys(others).length === 0
}
