import { execFile } from 'node:child_process'
import { appendFile, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { FairleadError } from '@fairlead/errors'
import type { SignedHead } from './head.ts'
import type { KeyHandover } from './key-handover.ts'

/** Where signed heads go: somewhere that whoever can rewrite the database cannot rewrite as well. */
export interface HeadTarget {
  /** For messages. */
  readonly name: string
  publish(line: SignedHead | KeyHandover, signal: AbortSignal): Promise<void>
}

/** Appends to a file, one JSON line each, on the disk before it returns. */
export function fileTarget(path: string): HeadTarget {
  return {
    name: `file ${path}`,
    async publish(line) {
      await mkdir(dirname(path), { recursive: true })
      let file: FileHandle | undefined
      try {
        file = await open(path, 'a', 0o644)
        await file.appendFile(`${JSON.stringify(line)}\n`)
        await file.datasync()
      } finally {
        await file?.close()
      }
    },
  }
}

/** Sends each line to an HTTP endpoint (`POST`, `application/json`); any 2xx is taken. */
export function httpTarget(url: string, headers: Readonly<Record<string, string>> = {}): HeadTarget {
  return {
    name: `endpoint ${new URL(url).host}`,
    async publish(line, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(line),
        redirect: 'error',
        signal,
      })
      await response.body?.cancel()
      if (!response.ok) throw new FairleadError('SERVER_UNREACHABLE', `the endpoint for signed heads answered ${response.status}`)
    },
  }
}

const run = promisify(execFile)

/**
 * Commits each line to a file of a Git working copy and pushes, if the branch has an upstream. The folder must be a clone that nothing else
 * works in. Git is called with fixed arguments, without hooks and without asking for anything.
 */
export function gitTarget(folder: string, file = 'heads.jsonl'): HeadTarget {
  const git = (args: readonly string[], signal: AbortSignal) =>
    run(
      'git',
      [
        '-c',
        'core.hooksPath=/dev/null',
        '-c',
        'user.name=fairlead',
        '-c',
        'user.email=fairlead@localhost',
        '-c',
        'commit.gpgSign=false',
        ...args,
      ],
      {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, GIT_TERMINAL_PROMPT: '0' },
        signal,
      },
    )
  return {
    name: `repository ${folder}`,
    async publish(line, signal) {
      await appendFile(join(folder, file), `${JSON.stringify(line)}\n`)
      const what = 'position' in line ? `Publish the head at position ${line.position}` : `Hand over to key ${line.to}`
      await git(['add', '--', file], signal)
      await git(['commit', '--quiet', '--message', what, '--', file], signal)
      const hasUpstream = await git(['rev-parse', '--abbrev-ref', '@{upstream}'], signal).then(
        () => true,
        () => false,
      )
      if (!hasUpstream) return
      try {
        await git(['push', '--quiet'], signal)
      } catch {
        // Somebody else has pushed: their lines and ours both stay.
        await git(['pull', '--quiet', '--rebase'], signal)
        await git(['push', '--quiet'], signal)
      }
    },
  }
}
