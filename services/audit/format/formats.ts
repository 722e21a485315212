import { FairleadError } from '@fairlead/errors'
import { cloudevents } from './cloudevents.ts'
import { csv } from './csv.ts'
import type { Format, FormatName } from './format.ts'
import { jsonl } from './jsonl.ts'
import { oscal } from './oscal.ts'

const formats: Readonly<Record<FormatName, Format>> = { csv, jsonl, cloudevents, oscal }

export const formatNames: readonly FormatName[] = ['csv', 'jsonl', 'cloudevents', 'oscal']

/** Throws `BAD_USER_INPUT` for a format that does not exist. */
export function formatOf(name: string): Format {
  if ((formatNames as readonly string[]).includes(name)) return formats[name as FormatName]
  throw new FairleadError('BAD_USER_INPUT', `there is no audit format ${JSON.stringify(name)}`, {
    next: `use one of ${formatNames.join(', ')}`,
  })
}

/** The format that a file name's end asks for. */
export function formatByExtension(extension: string): Format | undefined {
  if (extension === 'ndjson') return jsonl
  return Object.values(formats).find((format) => format.extension === extension)
}
