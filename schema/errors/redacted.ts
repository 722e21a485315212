import { inspect } from 'node:util'

const shown = '‹redacted›'

/** A secret in memory: printing, serialising or inspecting it shows `‹redacted›`; only `reveal` gives the value. */
export class Redacted<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The secret itself. Call it at the last moment, where it is used. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}
