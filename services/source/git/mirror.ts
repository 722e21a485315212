import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { guardedAddress, type NetworkPolicy } from './address.ts'
import { type Author, type Commit, parseCommit } from './commit.ts'
import { type Credentials, type EnvironmentOptions, localEnvironment, remoteEnvironment } from './environment.ts'
import { readLocalRefs } from './local-refs.ts'
import { Lru } from './lru.ts'
import { ObjectReader } from './objects.ts'
import { parseRefs, type RemoteRefs } from './refs.ts'
import { runGit } from './run.ts'
import { Snapshot, type TreeSource } from './snapshot.ts'
import { parseTree, type TreeEntry } from './tree.ts'
import type { RepositoryUrl } from './url.ts'

export interface MirrorOptions extends EnvironmentOptions {
  readonly network: NetworkPolicy
  readonly maxFileBytes: number
  readonly lsRemoteTimeoutMs: number
  readonly fetchTimeoutMs: number
}

const maxTreeBytes = 16 * 1024 * 1024
const maxCommitBytes = 1024 * 1024
/** Weight of the tree cache: entries, about 150 bytes each. */
const cachedTreeEntries = 400_000
const fetchesBetweenCollections = 200
const maxAuthors = 100

/** A bare copy of one repository: all branches and tags, no working tree, no hooks, no configuration of its own. */
export class Mirror implements TreeSource, AsyncDisposable {
  readonly url: RepositoryUrl
  readonly #gitDir: string
  readonly #options: MirrorOptions
  readonly #credentials: Credentials | undefined
  readonly #objects: ObjectReader
  readonly #reading = new Map<string, Promise<ReadonlyMap<string, TreeEntry>>>()
  readonly #trees = new Lru<string, ReadonlyMap<string, TreeEntry>>(cachedTreeEntries)
  readonly #commits = new Lru<string, Commit>(1_000)
  #ready: Promise<void> | undefined
  #fetches = 0

  /** @param gitDir the mirror's own folder; made when it is missing */
  constructor(url: RepositoryUrl, gitDir: string, options: MirrorOptions, credentials?: Credentials) {
    this.url = url
    this.#gitDir = gitDir
    this.#options = options
    this.#credentials = credentials
    this.#objects = new ObjectReader(gitDir, localEnvironment(options))
  }

  /** What the remote's refs point to now: one short conversation. Throws `SOURCE_UNREACHABLE`, `SOURCE_URL_REFUSED`. */
  async lsRemote(signal?: AbortSignal): Promise<RemoteRefs> {
    const result = await runGit({
      args: ['ls-remote', '--symref', '--quiet', '--end-of-options', this.url.href, 'HEAD', 'refs/heads/*', 'refs/tags/*'],
      env: await this.#remoteEnvironment(),
      timeoutMs: this.#options.lsRemoteTimeoutMs,
      signal,
    })
    if (result.code !== 0) throw this.#unreachable(result.stderr)
    return parseRefs(result.stdout.toString('utf8'))
  }

  /** What the refs were at the last fetch, without asking anybody. */
  async localRefs(headBranch: string): Promise<RemoteRefs> {
    await this.#prepare()
    return readLocalRefs(this.#gitDir, headBranch, async (id) => (await this.commit(id))?.id)
  }

  /** Brings all branches and tags over; what the remote has deleted is deleted here. */
  async fetch(signal?: AbortSignal): Promise<void> {
    await this.#fetch(['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], signal)
    if (++this.#fetches % fetchesBetweenCollections === 0) await this.#collect(signal)
  }

  /** Is the commit here? */
  async has(commit: string): Promise<boolean> {
    await this.#prepare()
    return (await this.#objects.read(`${commit}^{commit}`, maxCommitBytes)) !== undefined
  }

  /** Asks for one commit that no branch or tag holds; servers may refuse. Answers whether it is here afterwards. */
  async fetchCommit(commit: string, signal?: AbortSignal): Promise<boolean> {
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return false
    try {
      await this.#fetch([`${commit}:refs/fairlead/${commit}`], signal, false)
    } catch {
      return false
    }
    return this.has(commit)
  }

  /** A commit by full or short id; undefined when it is not here. */
  async commit(id: string): Promise<Commit | undefined> {
    const cached = this.#commits.get(id)
    if (cached) return cached
    await this.#prepare()
    const object = await this.#objects.read(`${id}^{commit}`, maxCommitBytes)
    if (!object) return undefined
    const commit = parseCommit(object.id, object.data)
    this.#commits.set(commit.id, commit)
    return commit
  }

  /**
   * Who wrote what `commit` holds and `previous` does not, each address once, the author of `commit` first. Of more than 1,000 commits, or of a
   * `previous` that is not here any more, the newest count.
   */
  async authors(commit: Commit, previous: string | undefined): Promise<readonly Author[]> {
    const isNext = previous === undefined || (commit.parents.length === 1 && commit.parents[0] === previous)
    if (isNext || !(await this.has(previous))) return [commit.author]
    const range = ['--max-count=1000', '--format=%an%x00%ae%x00', commit.id, `^${previous}`]
    const { code, stdout } = await this.#local(['--git-dir', this.#gitDir, 'log', ...range, '--'])
    const found = new Map([[commit.author.email.toLowerCase(), commit.author]])
    if (code !== 0) return [...found.values()]
    const fields = stdout.toString('utf8').split('\0')
    for (let i = 0; i + 1 < fields.length && found.size < maxAuthors; i += 2) {
      const [name, email] = [fields[i]!.trim(), fields[i + 1]!]
      if (!found.has(email.toLowerCase())) found.set(email.toLowerCase(), { name, email })
    }
    return [...found.values()]
  }

  /** All files at a commit. Throws `SOURCE_REVISION_NOT_FOUND` when the commit is not here. */
  async snapshot(id: string): Promise<Snapshot> {
    const commit = await this.commit(id)
    if (!commit) throw new FairleadError('SOURCE_REVISION_NOT_FOUND', `the repository has no commit ${id}`)
    return new Snapshot(commit, this)
  }

  async tree(id: string): Promise<ReadonlyMap<string, TreeEntry>> {
    const cached = this.#trees.get(id)
    if (cached) return cached
    // Everybody who comes in the meantime shares the one reading: the root is asked for by hundreds of applications at once.
    let reading = this.#reading.get(id)
    if (!reading) {
      reading = this.#readTree(id).finally(() => this.#reading.delete(id))
      this.#reading.set(id, reading)
    }
    return await reading
  }

  async #readTree(id: string): Promise<ReadonlyMap<string, TreeEntry>> {
    const object = await this.#objects.read(id, maxTreeBytes)
    if (object?.type !== 'tree') throw new FairleadError('SOURCE_REVISION_NOT_FOUND', 'a folder of the commit is missing in the mirror')
    const entries = new Map<string, TreeEntry>()
    for (const entry of parseTree(object.data, object.id.length / 2)) entries.set(entry.name, entry)
    this.#trees.set(id, entries, entries.size + 1)
    return entries
  }

  async blob(id: string): Promise<Buffer> {
    const object = await this.#objects.read(id, this.#options.maxFileBytes)
    if (object?.type !== 'blob') throw new FairleadError('SOURCE_REVISION_NOT_FOUND', 'a file of the commit is missing in the mirror')
    return object.data
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects[Symbol.asyncDispose]()
  }

  /** Makes the folder once. What is there from an earlier run is used when it is whole. */
  #prepare(): Promise<void> {
    this.#ready ??= this.#initialise().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  async #initialise(): Promise<void> {
    await mkdir(this.#gitDir, { recursive: true })
    if (await isFile(join(this.#gitDir, 'HEAD'))) {
      await removeStaleLocks(this.#gitDir)
      return
    }
    const result = await this.#local(['init', '--bare', '--quiet', '--template=', '--initial-branch=main', '--', this.#gitDir])
    if (result.code !== 0) {
      await rm(this.#gitDir, { recursive: true, force: true })
      throw new FairleadError('INTERNAL', 'the mirror cannot be made', { cause: result.stderr })
    }
  }

  async #fetch(refspecs: readonly string[], signal?: AbortSignal, prune = true): Promise<void> {
    await this.#prepare()
    const result = await runGit({
      args: [
        ...['--git-dir', this.#gitDir, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'],
        ...['--no-auto-maintenance', '--force', ...(prune ? ['--prune'] : []), '--end-of-options', this.url.href, ...refspecs],
      ],
      env: await this.#remoteEnvironment(),
      timeoutMs: this.#options.fetchTimeoutMs,
      signal,
    })
    if (result.code !== 0) throw this.#unreachable(result.stderr)
  }

  /** Packs what many small fetches have left; nothing is pruned. */
  async #collect(signal?: AbortSignal): Promise<void> {
    await runGit({
      args: ['--git-dir', this.#gitDir, 'gc', '--quiet', '--no-prune'],
      env: localEnvironment(this.#options),
      timeoutMs: this.#options.fetchTimeoutMs,
      signal,
    })
  }

  #local(args: readonly string[]) {
    return runGit({ args, env: localEnvironment(this.#options), timeoutMs: 30_000 })
  }

  async #remoteEnvironment(): Promise<Record<string, string>> {
    return remoteEnvironment(this.#options, this.url, this.#credentials, await guardedAddress(this.url, this.#options.network))
  }

  #unreachable(stderr: string): FairleadError {
    return new FairleadError('SOURCE_UNREACHABLE', 'the repository cannot be read', {
      cause: stderr,
      where: { repository: this.url.href },
    })
  }
}

/** The mirror belongs to this process alone: locks that are there before its first call were left by one that was killed. */
async function removeStaleLocks(gitDir: string): Promise<void> {
  const outside = (await readdir(gitDir)).filter((name) => name.endsWith('.lock') || name === 'gc.pid')
  const refs = (await readdir(join(gitDir, 'refs'), { recursive: true }))
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join('refs', name))
  for (const name of [...outside, ...refs]) await rm(join(gitDir, name), { force: true })
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
