import { z } from 'zod'
import type { RawEvent } from '../event.ts'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** Describes one archived partition. It lies beside its two files: the events and their blocks, each gzipped JSON lines. */
export const Manifest = z.object({
  format: z.literal('fairlead.archive.v1'),
  log: z.uuid(),
  first: z.int().positive(),
  last: z.int().positive(),
  events: z.object({
    file: z.string(),
    sha256: hex32,
    /** The file is a row of gzip members, each readable alone: position of its first event, offset and length in bytes. */
    members: z.array(z.object({ first: z.int().positive(), offset: z.int().nonnegative(), length: z.int().positive() })),
  }),
  /** Every block that holds an event of the partition, with number, positions, root and hashes. */
  blocks: z.object({ file: z.string(), sha256: hex32, first: z.int().positive(), last: z.int().positive() }),
})
export type Manifest = z.infer<typeof Manifest>

/** Events of one gzip member: small enough to read one event without much waste, large enough to compress. */
export const eventsPerMember = 5_000

/**
 * One event as one line. Context and data stand in it as JSON, so that a line is of use to any tool; when that would not give back the very
 * text that was hashed (which only foreign writers can bring about), the text itself stands there as a string.
 */
export function toLine(event: RawEvent): string {
  const { context, data, ...rest } = event
  const head = JSON.stringify(rest).slice(0, -1)
  return `${head},${part('context', context)},${part('data', data)}}\n`
}

export function fromLine(line: string): RawEvent {
  const { context, contextText, data, dataText, ...rest } = JSON.parse(line) as Record<string, unknown>
  return {
    ...(rest as Omit<RawEvent, 'context' | 'data'>),
    context: typeof contextText === 'string' ? contextText : JSON.stringify(context),
    data: typeof dataText === 'string' ? dataText : JSON.stringify(data),
  }
}

function part(name: string, text: string): string {
  return JSON.stringify(JSON.parse(text)) === text ? `"${name}":${text}` : `"${name}Text":${JSON.stringify(text)}`
}
