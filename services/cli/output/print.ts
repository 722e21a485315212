import { FairleadError } from '@fairlead/errors'
import { type Column, formatTable } from './table.ts'

export const formats = ['table', 'wide', 'json', 'yaml', 'name', 'ndjson'] as const
export type Format = (typeof formats)[number]

/** What a command has for its reader. */
export interface Listing<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** `application/checkout`. */
  readonly name: (row: Row) => string
  /** What JSON and YAML show besides the items. */
  readonly about?: Readonly<Record<string, unknown>>
}

/** The standard streams and how to write to them. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  readonly colour: boolean
  /** Colour on standard error. */
  readonly errColour: boolean
}

/** The list in the format asked for. Data goes to standard output, remarks to standard error. */
export async function printListing<Row>(terminal: Terminal, listing: Listing<Row>, format: Format, headers: boolean): Promise<void> {
  switch (format) {
    case 'json':
      return terminal.out(`${JSON.stringify({ items: listing.rows, ...listing.about }, null, 2)}\n`)
    case 'yaml':
      return terminal.out(await toYaml({ items: listing.rows, ...listing.about }))
    case 'ndjson':
      for (const row of listing.rows) terminal.out(`${JSON.stringify(row)}\n`)
      return
    case 'name':
      for (const row of listing.rows) terminal.out(`${listing.name(row)}\n`)
      return
    default:
      if (listing.rows.length === 0) return terminal.err('nothing found\n')
      terminal.out(`${formatTable(listing.rows, listing.columns, { wide: format === 'wide', headers, colour: terminal.colour })}\n`)
  }
}

/** One object in the format asked for; `text` gives the form for people. */
export async function printObject<T>(terminal: Terminal, value: T, format: Format, text: () => string): Promise<void> {
  if (format === 'json' || format === 'ndjson') terminal.out(`${JSON.stringify(value, null, format === 'json' ? 2 : 0)}\n`)
  else if (format === 'yaml') terminal.out(await toYaml(value))
  else terminal.out(`${text()}\n`)
}

/** Throws `BAD_USER_INPUT` for a format that does not exist. */
export function parseFormat(text: string): Format {
  if ((formats as readonly string[]).includes(text)) return text as Format
  throw new FairleadError('BAD_USER_INPUT', `there is no output format ${JSON.stringify(text)}`, {
    next: `use one of ${formats.join(', ')}`,
  })
}

async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { lineWidth: 0 })
}
