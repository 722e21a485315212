import { FairleadError } from '@fairlead/errors'
import { CommanderError } from 'commander'
import { createContext } from './commands/context.ts'
import { complain } from './output/complain.ts'
import type { Terminal } from './output/print.ts'
import { createProgram } from './program.ts'

/** Exit code of a command that was interrupted (128 + SIGINT). */
const interrupted = 130

/** Runs one command line and returns its exit code. */
export async function run(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  let code = 0
  const context = createContext(terminal, signal, (wanted) => {
    code = wanted
  })
  try {
    await createProgram(context).parseAsync([...args], { from: 'user' })
    return signal.aborted ? interrupted : code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (signal.aborted) return interrupted
    return complain(terminal, FairleadError.from(error))
  }
}

/** The streams of this process; colour when a person looks and NO_COLOR is not set. */
function processTerminal(): Terminal {
  const wants = (stream: NodeJS.WriteStream) =>
    process.env.NO_COLOR === undefined && (process.env.FORCE_COLOR !== undefined || stream.isTTY === true)
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colour: wants(process.stdout),
    errColour: wants(process.stderr),
  }
}

if (import.meta.main) {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('interrupted')))
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2))
  process.exitCode = await run(process.argv.slice(2), processTerminal(), stop.signal)
}
