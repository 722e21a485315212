import type { RawEvent } from '@fairlead/ledger'
import type { Change } from '../change/row.ts'
import type { FileHead } from '../format/format.ts'
import type { Column } from '../report/columns.ts'

export interface HtmlParts {
  readonly head: FileHead
  readonly row: Change
  readonly columns: readonly Column<Change>[]
  readonly events: readonly RawEvent[]
  /** Positions that have a proof in the pack. */
  readonly proven: ReadonlySet<number>
}

/** One page for a person: what, why, who, when, how it ended, and what proves it. It loads nothing and runs nothing. */
export function changePage({ head, row, columns, events, proven }: HtmlParts): string {
  const facts = columns.filter(({ awaits }) => awaits === undefined).map(({ name, cell }) => [name, cell(row)] as const)
  const shown = facts.filter(([, value]) => value !== null && value !== '')
  const empty = columns.filter(({ awaits }) => awaits !== undefined)
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeHtml(row.change)}</title>`,
    `<style>${style}</style></head><body>`,
    `<h1>${escapeHtml(row.change)}</h1>`,
    `<p>${escapeHtml(`${row.class} ${row.kind} of ${row.application} on ${row.cluster}: ${row.outcome}`)}</p>`,
    '<h2>The change</h2>',
    table(shown.map(([name, value]) => [name.replaceAll('_', ' '), String(value)])),
    '<h2>What the log says</h2>',
    '<table><tr><th>position</th><th>at</th><th>what</th><th>who</th><th>proof</th></tr>',
    ...events.map((event) => eventLine(event, proven.has(event.position))),
    '</table>',
    '<h2>Not known</h2>',
    table(empty.map(({ name, awaits }) => [name.replaceAll('_', ' '), `comes with: ${awaits}`])),
    '<h2>Where this comes from</h2>',
    table([
      ['log', head.asOf.log],
      ['as of position', String(head.asOf.position)],
      ['recorded at', head.asOf.recordedAt],
      ['block', `${head.asOf.block} (${head.asOf.blockHash})`],
      ['generator', head.generator],
    ]),
    '<p>Times are UTC, hub clock. To check a proof without the hub: <code>fairlead audit check proofs/POSITION.json --key PUBLIC-KEY.pem</code></p>',
    '</body></html>',
    '',
  ].join('\n')
}

const style =
  'body{font:14px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ddd}td{overflow-wrap:anywhere}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}'

function table(rows: readonly (readonly [string, string])[]): string {
  return `<table>${rows.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n')}</table>`
}

function eventLine(event: RawEvent, proven: boolean): string {
  const { actor } = JSON.parse(event.context) as { actor: { name: string; authenticatedBy: string } }
  const cells = [
    String(event.position),
    new Date(event.recordedMs).toISOString(),
    event.type,
    `${actor.name} (${actor.authenticatedBy})`,
    proven ? `proofs/${event.position}.json` : '',
  ]
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
