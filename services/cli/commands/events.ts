import type { Command } from 'commander'
import { printListing } from '../output/print.ts'
import type { Column } from '../output/table.ts'
import { parseAt } from '../output/time.ts'
import { type Context, collect, nameOf, type OutputOptions, withOutput } from './context.ts'
import { resuming } from './follow.ts'

interface EventRow {
  readonly position: string
  readonly type: string
  readonly at: string
  readonly stream: string
  readonly summary: string
  readonly actor: { readonly name: string }
  readonly reason: string | null
  readonly correlation: string
}

interface EventsOptions extends OutputOptions {
  readonly watch: boolean
  readonly after?: string
  readonly app?: string[]
  readonly cluster?: string[]
  readonly operation?: string[]
  readonly type?: string[]
  readonly limit: number
  readonly at?: string
}

const fields = 'position type at stream summary actor { name kind } reason correlation data'
const pageQuery = `query Events($at: At, $filter: EventFilter, $first: Int!) {
  events(at: $at, filter: $filter, sort: { direction: DESC }, first: $first) { nodes { ${fields} } position asOf } }`
const liveQuery = `subscription Events($after: Position, $filter: EventFilter) { events(after: $after, filter: $filter) { ${fields} } }`

/** `fairlead events [-w]`: the log, newest last. */
export function addEvents(program: Command, context: Context): void {
  withOutput(program.command('events'))
    .description('the log: what happened, newest last')
    .option('-w, --watch', 'and what happens from now on', false)
    .option('--after <position>', 'only what came after this position')
    .option('--app <name>', 'of this application (repeatable)', collect)
    .option('-c, --cluster <name>', 'of this cluster (repeatable)', collect)
    .option('--operation <id>', 'of this operation (repeatable)', collect)
    .option('--type <type>', 'of this type (repeatable)', collect)
    .option('--limit <n>', 'at most this many of the past', Number, 30)
    .option('--at <when>', 'the log as it was')
    .action(async (options: EventsOptions) => {
      const filter = {
        ...(options.app && { application: options.app.map((name) => nameOf(name)) }),
        ...(options.cluster && { cluster: options.cluster }),
        ...(options.operation && { operation: options.operation }),
        ...(options.type && { type: options.type }),
      }
      let after = options.after
      if (after === undefined) {
        interface Answer {
          readonly events: { readonly nodes: EventRow[]; readonly position: string }
        }
        const variables = { at: parseAt(options.at), filter, first: Math.min(100, options.limit) }
        const { events } = await context.hub().ask<Answer>(pageQuery, variables, context.signal)
        after = events.position
        const rows = events.nodes.reverse()
        if (!options.watch || rows.length > 0) await show(context, rows, options)
      }
      if (!options.watch && options.after === undefined) return
      const live = resuming(context, context.signal, async function* () {
        for await (const { events } of context.hub().follow<{ events: EventRow }>(liveQuery, { after, filter }, context.signal)) {
          after = events.position
          yield events
        }
      })
      for await (const event of live) await show(context, [event], { ...options, headers: false })
    })
}

const columns: Column<EventRow>[] = [
  { title: 'POSITION', cell: (row) => row.position.padStart(8) },
  { title: 'AT', cell: (row) => row.at.slice(11, 23) },
  { title: 'STREAM', cell: (row) => row.stream.padEnd(28) },
  { title: 'WHAT', cell: (row) => row.summary },
  { title: 'WHO', cell: (row) => row.actor.name, wide: true },
  { title: 'CORRELATION', cell: (row) => row.correlation, wide: true },
]

function show(context: Context, rows: readonly EventRow[], options: EventsOptions): Promise<void> {
  return printListing(context.terminal, { rows, columns, name: (row) => `event/${row.position}` }, options.output, options.headers)
}
