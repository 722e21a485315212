import { spawn } from 'node:child_process'
import { FairleadError } from '@fairlead/errors'

export interface GitCall {
  readonly args: readonly string[]
  readonly env: Record<string, string>
  readonly timeoutMs: number
  /** More output than this ends the process. */
  readonly maxOutputBytes?: number
  readonly signal?: AbortSignal | undefined
}

export interface GitResult {
  readonly code: number
  readonly stdout: Buffer
  /** At most 4 kB, without credentials. */
  readonly stderr: string
}

const maxStderrBytes = 4_096

/**
 * Runs git once with a fixed argument array and no shell. The exit code is the caller's to judge; throws `SOURCE_UNREACHABLE` when it
 * takes too long, `SOURCE_LIMIT` when it says too much, `TOOL_MISSING` when there is no git.
 */
export async function runGit({ args, env, timeoutMs, maxOutputBytes = 64 * 1024 * 1024, signal }: GitCall): Promise<GitResult> {
  signal?.throwIfAborted()
  // Its own process group, so that what it starts (ssh, remote helpers) ends with it.
  const child = spawn('git', args, { env, cwd: env.HOME, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const chunks: Buffer[] = []
  let size = 0
  let stderr = ''
  let ended: FairleadError | undefined
  const end = (error: FairleadError) => {
    ended ??= error
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // the group is gone already
    }
  }
  const timer = setTimeout(() => end(new FairleadError('SOURCE_UNREACHABLE', `git took longer than ${timeoutMs} ms`)), timeoutMs)
  const abort = () => end(new FairleadError('TIMEOUT', 'the git call was cancelled', { cause: signal?.reason }))
  signal?.addEventListener('abort', abort, { once: true })
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxOutputBytes) end(new FairleadError('SOURCE_LIMIT', `git gave more than ${maxOutputBytes} bytes (maxOutputBytes)`))
    else chunks.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < maxStderrBytes) stderr += chunk.toString('utf8')
  })
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(new FairleadError('TOOL_MISSING', 'git cannot be started', { cause })))
      child.once('close', (exit) => resolve(exit ?? -1))
    })
    if (ended) throw ended
    return { code, stdout: Buffer.concat(chunks), stderr: withoutCredentials(stderr.slice(0, maxStderrBytes)) }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** Git repeats URLs in its messages; a user part may hold a token. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/@\s]*@/g, '://').trim()
}
