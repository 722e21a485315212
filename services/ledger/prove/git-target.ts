import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError, type Redacted } from '@fairlead/errors'
import type { HeadTarget, PublishedLine } from './targets.ts'

export interface GitTargetOptions {
  /** Repository that is pushed to, as Git takes it: `https://…`, `ssh://…`, `git@host:path`, a folder. */
  readonly url: string
  /** A folder of this target's own: a bare clone, made when it is not there. */
  readonly folder: string
  /** Default `main`. */
  readonly branch?: string | undefined
  /** For https: a token, or `user:token`. */
  readonly token?: Redacted<string> | undefined
  /** Each head is a commit. Default 300,000. */
  readonly everyMs?: number | undefined
}

/** What was pushed last, and what the remote has. */
const published = 'refs/heads/published'
const remote = 'refs/heads/remote'
/** Others may push to the branch as well. */
const tries = 3

/**
 * Pushes each line as a commit to a branch: appended to `heads/<day>.jsonl`, day of signing, UTC. What others have pushed stays; a branch that
 * no longer holds what was pushed here is refused (`LEDGER_TAMPERED`), for then somebody has rewritten it. Git runs with fixed arguments,
 * without hooks and without asking for anything; credentials are in no argument and in no message.
 */
export function gitTarget({ url, folder, branch = 'main', token, everyMs = 300_000 }: GitTargetOptions): HeadTarget {
  const shown = shownUrl(url)
  if (url === '' || url.startsWith('-') || url.includes('::')) throw refused('the repository for signed heads is no URL or folder')
  if (/^https?:\/\/[^/]*@/.test(url)) throw refused(`the URL of ${shown} holds credentials`, 'put the token into a file of its own')
  if (token && !url.startsWith('https://')) throw refused(`a token is sent over https only, not to ${shown}`, 'use https, or a key of ssh')
  if (!/^[\w][\w./-]*$/.test(branch) || branch.includes('..')) throw refused(`${JSON.stringify(branch)} is no branch for signed heads`)
  const git = gitIn(folder, (text) => text.replaceAll(url, shown), shown, environmentOf(token))
  const ref = `refs/heads/${branch}`
  let ready = false

  const open = async (signal: AbortSignal) => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await git(['init', '--quiet', '--bare', '--initial-branch=published', folder], signal)
    // Nothing else works here, so what is locked was left by a process that was killed.
    for (const lock of [`${published}.lock`, `${remote}.lock`, 'packed-refs.lock', 'config.lock'])
      await rm(join(folder, lock), { force: true })
    ready = true
  }

  /** The commit to build on; undefined for a branch that is not there and never was. */
  const fetched = async (signal: AbortSignal): Promise<string | undefined> => {
    const { out } = await git(['ls-remote', '--heads', '--', url, ref], signal)
    const exists = out !== ''
    const mine = await git(['rev-parse', '--verify', '--quiet', published], signal, [0, 1])
    if (exists) await git(['fetch', '--quiet', '--no-tags', '--', url, `+${ref}:${remote}`], signal)
    if (mine.code === 0) {
      const holds = exists && (await git(['merge-base', '--is-ancestor', published, remote], signal, [0, 1])).code === 0
      if (!holds) {
        throw new FairleadError(
          'LEDGER_TAMPERED',
          `branch ${branch} of ${shown} does not hold ${mine.out.slice(0, 12)}, which was pushed to it`,
          {
            next: `find out who rewrote it, protect the branch, and remove ${folder} to go on from what is there`,
          },
        )
      }
    }
    return exists ? (await git(['rev-parse', remote], signal)).out : undefined
  }

  /** The commit with the line on top of `parent`; `parent` itself when the line is there. */
  const commit = async (line: PublishedLine, parent: string | undefined, signal: AbortSignal): Promise<string> => {
    const file = `heads/${line.signedAt.slice(0, 10)}.jsonl`
    const text = `${JSON.stringify(line)}\n`
    const before = parent === undefined ? { code: 1, out: '' } : await git(['cat-file', 'blob', `${parent}:${file}`], signal, [0, 128])
    const kept = before.code === 0 && before.out !== '' ? `${before.out}\n` : ''
    if (parent !== undefined && `\n${kept}`.includes(`\n${text}`)) return parent
    const blob = await git(['hash-object', '-w', '--stdin'], signal, [0], kept + text)
    await rm(join(folder, 'index'), { force: true })
    await rm(join(folder, 'index.lock'), { force: true })
    if (parent !== undefined) await git(['read-tree', parent], signal)
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob.out},${file}`], signal)
    const tree = await git(['write-tree'], signal)
    const what = 'position' in line ? `Publish the head at position ${line.position}` : `Hand over to key ${line.to}`
    return (await git(['commit-tree', tree.out, ...(parent === undefined ? [] : ['-p', parent]), '-m', what], signal)).out
  }

  return {
    name: `repository ${shown}`,
    everyMs,
    async publish(line, signal) {
      if (!ready) await open(signal)
      for (let attempt = 1; ; attempt++) {
        const parent = await fetched(signal)
        const next = await commit(line, parent, signal)
        try {
          if (next !== parent) await git(['push', '--quiet', '--', url, `${next}:${ref}`], signal)
          await git(['update-ref', published, next], signal)
          return
        } catch (error) {
          const moved =
            attempt < tries && (await git(['ls-remote', '--heads', '--', url, ref], signal)).out.split('\t')[0] !== (parent ?? '')
          if (!moved) throw error
        }
      }
    },
  }
}

type Git = (
  args: readonly string[],
  signal: AbortSignal,
  codes?: readonly number[],
  input?: string,
) => Promise<{ code: number; out: string }>

function gitIn(folder: string, redact: (text: string) => string, shown: string, env: NodeJS.ProcessEnv): Git {
  return (args, signal, codes = [0], input) =>
    new Promise((resolve, reject) => {
      const options = { env, signal, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' as const }
      const child = execFile('git', [`--git-dir=${folder}`, ...args], options, (error, stdout, stderr) => {
        const code = error ? error.code : 0
        if (typeof code === 'number' && codes.includes(code)) return resolve({ code, out: stdout.replace(/\n$/, '') })
        const said = signal.aborted
          ? 'it did not end in time'
          : code === 'ENOENT'
            ? 'git is not installed'
            : complaint(redact(stderr)) || 'it failed'
        const message = `git ${args[0]} for ${shown}: ${said}`
        reject(new FairleadError('SERVER_UNREACHABLE', message, { next: `check that heads can be pushed to ${shown}` }))
      })
      child.stdin?.on('error', () => undefined) // the exit code says why
      child.stdin?.end(input ?? '')
    })
}

/** What Git complained about, without what a URL may hold. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('hint:'))
  return lines
    .slice(-3)
    .join('; ')
    .replace(/\/\/[^/@\s]*@/g, '//')
    .slice(0, 500)
}

function environmentOf(token: Redacted<string> | undefined): NodeJS.ProcessEnv {
  const settings: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['commit.gpgSign', 'false'],
    ['gc.autoDetach', 'false'],
    ['maintenance.autoDetach', 'false'],
  ]
  if (token) {
    const login = token.reveal().includes(':') ? token.reveal() : `x-access-token:${token.reveal()}`
    settings.push(['http.extraHeader', `Authorization: Basic ${Buffer.from(login).toString('base64')}`], ['http.followRedirects', 'false'])
  }
  const { PATH, HOME, SSH_AUTH_SOCK, GIT_SSH_COMMAND = 'ssh -o BatchMode=yes' } = process.env
  const person = { NAME: 'fairlead', EMAIL: 'fairlead@localhost' }
  return {
    ...{ PATH, HOME, SSH_AUTH_SOCK, GIT_SSH_COMMAND, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    ...{ GIT_AUTHOR_NAME: person.NAME, GIT_AUTHOR_EMAIL: person.EMAIL, GIT_COMMITTER_NAME: person.NAME, GIT_COMMITTER_EMAIL: person.EMAIL },
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

/** The URL without what must not be shown. */
function shownUrl(url: string): string {
  const address = /^[a-z+]+:\/\//.test(url) ? URL.parse(url) : null
  return address ? `${address.host}${address.pathname}` : url
}

function refused(message: string, next = 'correct it'): FairleadError {
  return new FairleadError('BAD_USER_INPUT', message, { next })
}
