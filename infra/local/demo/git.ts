import { spawn } from 'node:child_process'
import { FairleadError } from '@fairlead/errors'
import { run } from '../process/run.ts'

/** Nothing of the machine's own Git settings: the same files must give the same commit everywhere. */
export const gitEnvironment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
} as const

/** Runs git in a bare repository and gives its output. */
export function git(repository: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  return run(
    `git ${args[0]}`,
    'git',
    ['-c', 'safe.directory=*', ...args],
    { cwd: repository, env: gitEnvironment, timeoutMs: 30_000 },
    signal,
  )
}

/** A commit to be made on `main` of a bare repository. */
export interface CommitRequest {
  readonly message: string
  /** Seconds since the epoch; part of what makes a commit the same again. */
  readonly time: number
  /** Files to write, by path. */
  readonly files: Readonly<Record<string, string>>
  /** The commit to build on; absent for the first. `main` must still be there. */
  readonly parent?: string
}

const author = 'Demo <demo@fairlead.dev>'

/** Writes one commit in one process, without a working tree. Gives its id. */
export async function commitFiles(repository: string, request: CommitRequest): Promise<string> {
  const text = (value: string) => `data ${Buffer.byteLength(value)}\n${value}\n`
  const stream = [
    'commit refs/heads/main\n',
    `committer ${author} ${request.time} +0000\n`,
    text(request.message),
    ...(request.parent === undefined ? [] : [`from ${request.parent}\n`]),
    ...Object.entries(request.files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([path, content]) => [`M 100644 inline ${path}\n`, text(content)]),
    'done\n',
  ].join('')
  await fastImport(repository, stream)
  return head(repository)
}

/** The commit that `main` points to. */
export async function head(repository: string): Promise<string> {
  return (await git(repository, ['rev-parse', 'refs/heads/main'])).trim()
}

/** Every branch and tag with its commit. */
export async function refs(repository: string): Promise<Map<string, string>> {
  const lines = (await git(repository, ['for-each-ref', '--format=%(refname) %(objectname)'])).split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => line.split(' ') as [string, string]))
}

function fastImport(repository: string, stream: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-c', 'safe.directory=*', 'fast-import', '--quiet', '--done'], {
      cwd: repository,
      env: { PATH: process.env.PATH, ...gitEnvironment },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-2_000)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else
        reject(new FairleadError('PROGRAM_FAILED', 'git fast-import failed', { cause: said, next: 'pull and try again: main has moved' }))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(stream)
  })
}
