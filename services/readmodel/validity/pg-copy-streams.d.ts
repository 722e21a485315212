declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream'
  import type { Submittable } from 'pg'

  /** A stream that takes what `COPY … FROM STDIN` reads. */
  export function from(statement: string): Writable & Submittable
}
