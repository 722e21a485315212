import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Mirror, type MirrorOptions } from '../git/mirror.ts'
import { parseRepositoryUrl, type UrlPolicy } from '../git/url.ts'
import type { CredentialStore } from '../ports.ts'
import { type MatchVersion, Repository } from './repository.ts'

export interface RepositoriesOptions extends Omit<MirrorOptions, 'home'> {
  /** Folder of the mirrors. */
  readonly folder: string
  readonly urls: UrlPolicy
  readonly credentials?: CredentialStore | undefined
  readonly matchVersion: MatchVersion
}

/** All followed repositories; different spellings of one URL share one mirror. */
export class Repositories implements AsyncDisposable {
  readonly #options: RepositoriesOptions
  readonly #byKey = new Map<string, Promise<Repository>>()
  readonly #names = new Map<string, string>()

  constructor(options: RepositoriesOptions) {
    this.#options = options
  }

  /** Gives a repository the id under which it is registered; to be said before it is used. */
  name(url: string, id: string): void {
    this.#names.set(parseRepositoryUrl(url, this.#options.urls).key, id)
  }

  /** The repository behind a URL, from now on followed. Throws `SOURCE_URL_REFUSED`. */
  async get(url: string): Promise<Repository> {
    const parsed = parseRepositoryUrl(url, this.#options.urls)
    let repository = this.#byKey.get(parsed.key)
    if (!repository) {
      repository = this.#open(parsed)
      this.#byKey.set(parsed.key, repository)
      repository.catch(() => this.#byKey.delete(parsed.key))
    }
    return repository
  }

  /** Those followed whose identity is one of these (a webhook's hint). */
  async matching(identities: readonly string[]): Promise<Repository[]> {
    const wanted = new Set(identities)
    return (await this.all()).filter(({ mirror }) => wanted.has(mirror.url.identity))
  }

  async all(): Promise<Repository[]> {
    const opened = await Promise.allSettled(this.#byKey.values())
    return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all((await this.all()).map((repository) => repository[Symbol.asyncDispose]()))
  }

  async #open(url: ReturnType<typeof parseRepositoryUrl>): Promise<Repository> {
    const { folder, credentials, matchVersion, urls: _, ...options } = this.#options
    const home = join(folder, 'home')
    await mkdir(home, { recursive: true, mode: 0o700 })
    const digest = createHash('sha256').update(url.key).digest('hex')
    const mirror = new Mirror(url, join(folder, `${digest.slice(0, 32)}.git`), { ...options, home }, await credentials?.credentialsFor(url))
    return new Repository(this.#names.get(url.key) ?? repositoryId(url.identity, digest), mirror, matchVersion)
  }
}

/** A readable token: the identity's words, and enough of its digest to be unique. */
function repositoryId(identity: string, digest: string): string {
  const words = identity.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return `${words.slice(-60).replace(/^-+/, '')}-${digest.slice(0, 6)}`
}
