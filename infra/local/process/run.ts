import { execFile } from 'node:child_process'
import { FairleadError } from '@fairlead/errors'

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  readonly timeoutMs: number
}

/** Runs a short command to its end and gives its standard output. Throws `PROGRAM_FAILED` with the end of its standard error. */
export function run(what: string, file: string, args: readonly string[], options: RunOptions, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      encoding: 'utf8' as const,
      timeout: options.timeoutMs,
      maxBuffer: 16 * 1024 * 1024,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
      ...(signal && { signal }),
    }
    execFile(file, [...args], settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const said = stderr.trim().split('\n').slice(-6).join('\n')
      reject(new FairleadError('PROGRAM_FAILED', `${what} failed`, { cause: said === '' ? error.message : said }))
    })
  })
}
