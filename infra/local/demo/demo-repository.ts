import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PortBook } from '../process/ports.ts'
import { commitFiles, git, head } from './git.ts'
import { serveGit } from './git-server.ts'
import { announcePush } from './webhook.ts'

/** The address that the files in `fleet/` give to their own repository; the served repository has its real one in its place. */
export const exampleUrl = 'https://git.example.com/acme/fleet.git'

/** 2026-01-01T00:00:00Z: the first commit has the same id wherever the repository has the same address. */
const firstCommitTime = 1_767_225_600

export interface DemoRepositoryOptions {
  /** Keeps the bare repository `fleet.git`, the push password and the webhook secret. */
  readonly dir: string
  readonly ports: PortBook
}

/** A bare Git repository served over smart HTTP on the loopback. Reading is open, pushing wants the password. */
export interface DemoRepository extends AsyncDisposable {
  /** For reading: what the fleet's manifests say too. */
  readonly url: string
  /** With user and password, for pushing. */
  readonly pushUrl: string
  /** The bare repository on disk. */
  readonly path: string
  /** A 0600 file with the secret that signs the webhook. */
  readonly webhookSecretFile: string
  /** Where pushes are announced from now on; until then nowhere. */
  announceTo(hookUrl: string): void
  /** A file of `main`. */
  read(path: string): Promise<string>
  /** Commits on top of `main` and announces it. `edit` gets the current text of the files it names. Gives the commit's id. */
  commit(message: string, paths: readonly string[], edit: (texts: readonly string[]) => readonly string[]): Promise<string>
}

/** Makes the repository at the first start, then serves it. */
export async function openDemoRepository(options: DemoRepositoryOptions): Promise<DemoRepository> {
  const { dir } = options
  const path = join(dir, 'fleet.git')
  const port = await options.ports.get('git', 7481)
  const url = `http://127.0.0.1:${port}/fleet.git`
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const webhookSecretFile = join(dir, 'webhook.secret')
  const secret = secretIn(webhookSecretFile)
  const password = secretIn(join(dir, 'push.password'))
  await makeRepository(path, url)
  await followAddress(path, join(dir, 'url'), url)

  let hookUrl: string | undefined
  const announce = async (ref: string, before: string, after: string) => {
    if (hookUrl !== undefined) await announcePush({ hookUrl, secret, repositoryUrl: url, ref, before, after })
  }
  const server = await serveGit({
    root: dir,
    name: 'fleet.git',
    port,
    mayPush: (given) => same(given, `demo:${password}`),
    onPush: announce,
  })
  return {
    url,
    pushUrl: `http://demo:${password}@127.0.0.1:${port}/fleet.git`,
    path,
    webhookSecretFile,
    announceTo: (given) => {
      hookUrl = given
    },
    read: (file) => git(path, ['show', `refs/heads/main:${file}`]),
    async commit(message, paths, edit) {
      const before = await head(path)
      const texts = await Promise.all(paths.map((file) => git(path, ['show', `${before}:${file}`])))
      const edited = edit(texts)
      const files = Object.fromEntries(paths.map((file, index) => [file, edited[index]!]))
      const after = await commitFiles(path, { message, files, parent: before, time: Math.floor(Date.now() / 1000) })
      await announce('refs/heads/main', before, after)
      return after
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function makeRepository(path: string, url: string): Promise<void> {
  if (existsSync(path)) return
  const fresh = `${path}.new`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true, mode: 0o700 })
  await git(fresh, ['init', '--quiet', '--bare', '--initial-branch=main', '.'])
  await commitFiles(fresh, { message: 'Start the fleet', time: firstCommitTime, files: fleetFiles(url) })
  renameSync(fresh, path)
}

/** When the port of an earlier start was taken, the manifests have to name the new address. */
async function followAddress(path: string, urlFile: string, url: string): Promise<void> {
  const before = existsSync(urlFile) ? readFileSync(urlFile, 'utf8').trim() : url
  if (before !== url) {
    const parent = await head(path)
    const names = (await git(path, ['grep', '--name-only', '--fixed-strings', before, parent, '--']))
      .split('\n')
      .filter((line) => line !== '')
    const paths = names.map((name) => name.slice(parent.length + 1))
    const texts = await Promise.all(paths.map((file) => git(path, ['show', `${parent}:${file}`])))
    const files = Object.fromEntries(paths.map((file, index) => [file, texts[index]!.replaceAll(before, url)]))
    await commitFiles(path, { message: `Follow the repository to ${url}`, files, parent, time: Math.floor(Date.now() / 1000) })
  }
  writeFileSync(urlFile, `${url}\n`)
}

function fleetFiles(url: string): Record<string, string> {
  const root = fileURLToPath(new URL('fleet', import.meta.url))
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name)
      return [relative(root, file).replaceAll('\\', '/'), readFileSync(file, 'utf8').replaceAll(exampleUrl, url)]
    }),
  )
}

function secretIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
