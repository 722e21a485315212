import { spawn } from 'node:child_process'
import { FairleadError } from '@fairlead/errors'

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  readonly timeoutMs: number
}

const mostOutputBytes = 16 * 1024 * 1024
/** For a command that does not end when it is told to. */
const killAfterMs = 10_000

/**
 * Runs a short command to its end and gives its standard output. Throws `PROGRAM_FAILED` with the end of its standard error. One that is aborted, or takes
 * too long, is told to end, and has ended with all that it started when that is thrown: whoever hears of it may remove or reuse what they worked on.
 */
export function run(what: string, file: string, args: readonly string[], options: RunOptions, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: string) => reject(new FairleadError('PROGRAM_FAILED', `${what} failed`, { cause }))
    if (signal?.aborted) return fail(String(signal.reason))
    const child = spawn(file, [...args], {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
    })
    let ending: string | undefined
    let force: NodeJS.Timeout | undefined
    const end = (why: string) => {
      ending ??= why
      child.kill()
      force ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }
    const abort = () => end(String(signal?.reason))
    signal?.addEventListener('abort', abort, { once: true })
    const late = setTimeout(() => end(`it took more than ${Math.round(options.timeoutMs / 1000)} s`), options.timeoutMs)
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (stdout.length > mostOutputBytes) end('it said too much')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-mostOutputBytes)
    })
    child.once('error', (error) => fail(error.message))
    // Not before whatever it started has let go of its output too.
    child.once('close', (code, endedBy) => {
      clearTimeout(late)
      clearTimeout(force)
      signal?.removeEventListener('abort', abort)
      if (code === 0 && ending === undefined) return resolve(stdout)
      const said = stderr.trim().split('\n').slice(-6).join('\n')
      fail(ending ?? (said === '' ? `it ended with ${endedBy ?? `code ${code}`}` : said))
    })
  })
}
