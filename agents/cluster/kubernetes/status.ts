import type { ErrorCode } from '@fairlead/errors'
import type { ObjectRef } from '@fairlead/manifests'
import { safeMessage } from '../mask.ts'

/** The API server's `Status`, as far as it matters. */
export interface StatusBody {
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly details?: {
    readonly kind?: string
    readonly name?: string
    readonly retryAfterSeconds?: number
    readonly causes?: readonly { readonly field?: string; readonly reason?: string; readonly message?: string }[]
  }
}

/**
 * Why a request did not succeed. `refused`: the server understood and said no; repeating it cannot help. `absent`: there is no such object,
 * kind or namespace. `conflict`: the object is not in the state that the request supposed. `unreachable`: no usable answer in the time allowed.
 */
export interface ApiFailure {
  readonly kind: 'refused' | 'absent' | 'conflict' | 'unreachable'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly reason: string
  /** Safe to show: never a value of a Secret. */
  readonly message: string
  /** For `absent`: the namespace does not exist (rather than the object or its kind). */
  readonly missingNamespace: boolean
  /** The manifest does not fit the schema: an unknown field, or a value of another type. */
  readonly untyped?: boolean
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ApiFailure }

export const succeeded = <T>(value: T): Answer<T> => ({ ok: true, value })

/** The failure that a response stands for. `about` decides whether its text may be shown as it is. */
export function failureOf(status: number, body: unknown, about: Pick<ObjectRef, 'group' | 'kind'>): ApiFailure {
  const said = (typeof body === 'object' && body !== null ? body : { message: String(body).slice(0, 500) }) as StatusBody
  return {
    kind: kindOf(status, said),
    status,
    reason: said.reason ?? '',
    message: safeMessage(about, said, status),
    missingNamespace: status === 404 && said.details?.kind === 'namespaces',
    ...(status >= 500 && untypable.test(said.message ?? '') && { untyped: true }),
  }
}

export function unreachable(cause: unknown): ApiFailure {
  const message = cause instanceof Error ? cause.message || cause.name : String(cause)
  return { kind: 'unreachable', status: 0, reason: '', message, missingNamespace: false }
}

/** The code under which a failure is recorded. */
export function codeOf(failure: ApiFailure): ErrorCode {
  return failure.kind === 'unreachable' ? 'KUBERNETES_UNREACHABLE' : 'KUBERNETES_REFUSED'
}

/** A manifest that does not fit the schema makes server-side apply answer 500; it is the manifest's fault nevertheless. */
const untypable = /failed to create typed patch object|failed to create manager for|field not declared in schema/

function kindOf(status: number, body: StatusBody): ApiFailure['kind'] {
  if (status === 404) return 'absent'
  if (status === 409) return 'conflict'
  if (status === 429) return 'unreachable'
  if (status >= 500 && !untypable.test(body.message ?? '')) return 'unreachable'
  return 'refused'
}
