import type { ErrorCode } from './codes.ts'
import { errorCodes } from './codes.ts'

/** Where something went wrong, as far as it is known. Every field is safe to show: never a secret, never a file's content. */
export interface ErrorWhere {
  readonly application?: string
  readonly cluster?: string
  readonly repository?: string
  readonly commit?: string
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** `<group>/<kind>/<namespace>/<name>`. */
  readonly object?: string
}

/** The wire form of an error: the same in events, GraphQL extensions, the CLI and Temporal failures. */
export interface ErrorShape {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  /** What the program or library below said, redacted and cut to 2,000 characters. */
  readonly cause?: string
  readonly where?: ErrorWhere
  /** What to do next: a command or a sentence. */
  readonly next: string
}

export interface ErrorOptions {
  readonly cause?: unknown
  readonly where?: ErrorWhere
  /** Overrides the code's own next step. */
  readonly next?: string
  /** Overrides the code's own retryability. */
  readonly retryable?: boolean
}

const brand = Symbol.for('fairlead.error')
const maxCauseLength = 2_000

/**
 * The one error of Fairlead. Thrown for bugs, broken infrastructure and bad input at a border; expected outcomes are values.
 * Test with `FairleadError.is`, which works across bundles and realms.
 */
export class FairleadError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly where: ErrorWhere | undefined
  readonly next: string
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'FairleadError'
    this.code = code
    this.retryable = options.retryable ?? errorCodes[code].retryable
    this.where = options.where
    this.next = options.next ?? errorCodes[code].next
  }

  static is(value: unknown): value is FairleadError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
  }

  /** Any thrown value as a FairleadError; what is not one becomes `INTERNAL` with the original as its cause. */
  static from(value: unknown, where?: ErrorWhere): FairleadError {
    if (FairleadError.is(value)) return value
    const message = value instanceof Error ? value.message : String(value)
    return new FairleadError('INTERNAL', message || 'unknown failure', { cause: value, ...(where && { where }) })
  }

  /** The same error with what is known here about where it happened; fields already known win. */
  at(where: ErrorWhere): FairleadError {
    return new FairleadError(this.code, this.message, {
      cause: this.cause,
      where: { ...where, ...this.where },
      next: this.next,
      retryable: this.retryable,
    })
  }

  toJSON(): ErrorShape {
    const cause = causeText(this.cause)
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(cause !== undefined && { cause }),
      ...(this.where && { where: this.where }),
      next: this.next,
    }
  }

  static fromJSON(shape: ErrorShape): FairleadError {
    return new FairleadError(shape.code, shape.message, {
      ...(shape.cause !== undefined && { cause: shape.cause }),
      ...(shape.where && { where: shape.where }),
      next: shape.next,
      retryable: shape.retryable,
    })
  }
}

function causeText(cause: unknown): string | undefined {
  if (cause === undefined || cause === null) return undefined
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.length > maxCauseLength ? `${text.slice(0, maxCauseLength)}…` : text
}
