import type { SourcePosition } from '../model/refs.ts'

/** Something in a declaration that does not stop it, but that its author will want to know. */
export interface Warning {
  readonly code: 'unknown-field' | 'ignored-field' | 'default-used' | 'unknown-option' | 'suspicious-value' | 'not-a-manifest'
  /** `Application argocd/my-app`. */
  readonly object: string
  /** `spec.source.pth`; '' for the object as a whole. */
  readonly field: string
  readonly message: string
  /** What to write instead. */
  readonly next: string
  /** Of the first occurrence. */
  readonly where: SourcePosition
  /** How often the same field of the same kind was met in one reading. */
  readonly count: number
}

/** A declaration that was accepted. `document` is the object as it was written, unknown fields included. */
export interface Read<T> {
  readonly spec: T
  readonly warnings: readonly Warning[]
}
