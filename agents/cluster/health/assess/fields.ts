import type { Health } from '@fairlead/manifests'

/** How an object is, and in a sentence why. */
export interface Assessment {
  readonly health: Health
  readonly message?: string
}

export const healthy: Assessment = { health: 'Healthy' }
export const progressing = (message: string): Assessment => ({ health: 'Progressing', message })
export const degraded = (message: string): Assessment => ({ health: 'Degraded', ...(message !== '' && { message }) })
export const suspended = (message: string): Assessment => ({ health: 'Suspended', message })

/** A JSON object, or an empty one when it is something else. */
export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}

/** A number, or 0: an absent count in a status means none. */
export function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A status condition of the usual shape. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

export function conditionsOf(status: Fields): readonly Condition[] {
  return listOf(status.conditions).map((condition) => ({
    type: textOf(condition.type),
    status: textOf(condition.status),
    reason: textOf(condition.reason),
    message: textOf(condition.message),
  }))
}

/** The controller has not yet seen the newest specification. */
export function unobserved(object: { readonly metadata: { readonly generation?: number } }, status: Fields): boolean {
  return countOf(object.metadata.generation) > countOf(status.observedGeneration)
}
