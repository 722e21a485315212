import { Command } from 'commander'
import { addAudit } from './commands/audit.ts'
import { addChanges } from './commands/change.ts'
import { addCompletion } from './commands/completion.ts'
import type { Context } from './commands/context.ts'
import { addDemo } from './commands/demo.ts'
import { addDescribe } from './commands/describe.ts'
import { addDiff } from './commands/diff.ts'
import { addEvents } from './commands/events.ts'
import { addGet } from './commands/get.ts'
import { addHistory } from './commands/history.ts'
import { addServer } from './commands/server.ts'
import { addWait } from './commands/wait.ts'

/** The whole command: `fairlead VERB …`. */
export function createProgram(context: Context): Command {
  const program = new Command('fairlead')
    .description('guides every commit to every cluster it is meant for')
    .exitOverride()
    .showHelpAfterError('(fairlead --help lists the commands)')
    .configureOutput({ writeOut: (text) => context.terminal.out(text), writeErr: (text) => context.terminal.err(text) })
  for (const add of [
    addGet,
    addDescribe,
    addDiff,
    addChanges,
    addWait,
    addHistory,
    addEvents,
    addAudit,
    addDemo,
    addServer,
    addCompletion,
  ]) {
    add(program, context)
  }
  return program
}
