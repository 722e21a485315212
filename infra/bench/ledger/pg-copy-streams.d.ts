declare module 'pg-copy-streams' {
  import type { Duplex } from 'node:stream'
  import type { Submittable } from 'pg'

  /** A writable that feeds `COPY … FROM STDIN`. */
  export function from(sql: string): Duplex & Submittable
}
