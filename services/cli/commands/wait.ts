import type { Command } from 'commander'
import { parseDuration } from '../output/time.ts'
import { type Context, nameOf } from './context.ts'
import { parseConditions, unmet, waitForApplications } from './follow.ts'

/** `fairlead wait --for=synced,healthy app/NAME…`. */
export function addWait(program: Command, context: Context): void {
  program
    .command('wait')
    .description('until applications are as they should be')
    .argument('<app...>', 'app/checkout …')
    .option('--for <conditions>', 'comma list of synced, healthy, operation (none running), suspended, degraded, deleted', 'synced,healthy')
    .option('--timeout <duration>', 'then exit with 7', '10m')
    .action(async (targets: string[], options: { for: string; timeout: string }) => {
      const names = targets.map((target) => nameOf(target))
      const conditions = parseConditions(options.for)
      await waitForApplications(
        context,
        names,
        (rows) => names.flatMap((name) => conditions.flatMap((condition) => unmet(name, rows.get(name), condition) ?? [])),
        parseDuration(options.timeout),
      )
      context.terminal.out(names.map((name) => `application/${name} condition met\n`).join(''))
    })
}
