import { styleText } from 'node:util'

/** One column of a table: its title, and the text of its cell for a row. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Shown with `-o wide` only. */
  readonly wide?: boolean
}

export interface TableOptions {
  readonly wide: boolean
  readonly headers: boolean
  readonly colour: boolean
}

/** Rows as aligned columns, three spaces apart; nothing is cut, so that what is piped on is whole. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions): string {
  const shown = columns.filter((column) => options.wide || !column.wide)
  const cells = rows.map((row) => shown.map((column) => column.cell(row)))
  const lines = options.headers ? [shown.map((column) => column.title), ...cells] : cells
  const widths = shown.map((_, index) => Math.max(0, ...lines.map((line) => displayWidth(line[index] ?? ''))))
  return lines
    .map((line, row) => {
      const padded = line.map((cell, index) => {
        const text = options.headers && row === 0 ? paint(cell, 'bold', options.colour) : status(cell, options.colour)
        return index === line.length - 1 ? text : text + ' '.repeat((widths[index] ?? 0) - displayWidth(cell))
      })
      return padded.join('   ').trimEnd()
    })
    .join('\n')
}

/** Status words in their colour: never colour alone, the word stays. */
export function status(cell: string, colour: boolean): string {
  const word = cell.split(/[ (]/, 1)[0] ?? ''
  if (/^(Healthy|Synced|Succeeded|Live|succeeded|✔)$/.test(word)) return paint(cell, 'green', colour)
  if (/^(Degraded|Failed|Error|Missing|failed|refused|✗)$/.test(word)) return paint(cell, 'red', colour)
  if (/^(Progressing|OutOfSync|Running|Suspended|Terminated|Disconnected|Unknown|…)$/.test(word)) return paint(cell, 'yellow', colour)
  return cell
}

type Style = Parameters<typeof styleText>[0]

export function paint(text: string, style: Style, colour: boolean): string {
  return colour && text !== '' ? styleText(style, text, { validateStream: false }) : text
}

function displayWidth(text: string): number {
  return [...text].length
}
