import type { Command } from 'commander'
import { printObject } from '../output/print.ts'
import { paint } from '../output/table.ts'
import { shownRef } from '../output/words.ts'
import { type Context, nameOf, type OutputOptions, withOutput } from './context.ts'
import type { RefRow } from './queries.ts'

interface ObjectDiffRow {
  readonly ref: RefRow
  readonly change: string
  readonly fields: readonly { readonly path: string; readonly live: unknown; readonly desired: unknown }[]
  readonly message: string | null
}

const query = `query Diff($application: String!) { diff(application: $application) {
  revision { commit subject }
  objects { ref { group kind namespace name } change fields { path live desired } message } } }`

/** `fairlead diff app/NAME`: exit code 0 no difference, 1 differences (kubectl: diff). */
export function addDiff(program: Command, context: Context): void {
  withOutput(program.command('diff'))
    .description('what a sync would change in the cluster, by a dry run')
    .argument('<app>', 'app/checkout')
    .option('--no-exit-code', 'exit with 0 also when there are differences')
    .action(async (target: string, options: OutputOptions & { exitCode: boolean }) => {
      const variables = { application: nameOf(target) }
      const { diff } = await context.hub().ask<{ diff: { objects: ObjectDiffRow[] } }>(query, variables, context.signal)
      const changed = diff.objects.filter((object) => object.change !== 'none')
      if (changed.length === 0) {
        context.terminal.err('no differences\n')
        if (options.output === 'table' || options.output === 'wide') return
      }
      await printObject(context.terminal, changed, options.output, () =>
        changed.map((object) => text(object, context.terminal.colour)).join('\n'),
      )
      if (changed.length > 0 && options.exitCode) context.exit(1)
    })
}

function text({ ref, change, fields, message }: ObjectDiffRow, colour: boolean): string {
  const lines = [paint(`${change} ${shownRef(ref)}${message ? `: ${message}` : ''}`, 'bold', colour)]
  for (const { path, live, desired } of fields) {
    if (live !== undefined && live !== null) lines.push(paint(`- ${path}: ${JSON.stringify(live)}`, 'red', colour))
    if (desired !== undefined && desired !== null) lines.push(paint(`+ ${path}: ${JSON.stringify(desired)}`, 'green', colour))
  }
  return lines.join('\n')
}
