import type { Cell } from '../report/columns.ts'
import { schemaName } from '../report/report.ts'
import type { Format } from './format.ts'

/** Spreadsheets take a cell that begins so for a formula, full-width forms included (OWASP: CSV injection). */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

/**
 * RFC 4180: CRLF, a line of names first, quotes where they are needed. The first column names the report and the version of its columns. Text that a
 * spreadsheet would run gets an apostrophe in front, and so does text that begins with one: taking one away gives back what was meant.
 */
export const csv: Format = {
  name: 'csv',
  extension: 'csv',
  mediaType: 'text/csv; charset=utf-8; header=present',
  async *write(report, _head, rows) {
    const schema = schemaName(report)
    yield csvLine(['schema', ...report.columns.map(({ name }) => name)])
    let count = 0
    for await (const row of rows) {
      count++
      yield csvLine([schema, ...report.columns.map(({ cell }) => cell(row))])
    }
    return { rows: count }
  },
}

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** One cell as it stands in the file. Numbers and booleans are never guarded: they cannot be formulas, and stay numbers. */
export function csvCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const safe = formula.test(cell) || cell.startsWith("'") ? `'${cell}` : cell
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
