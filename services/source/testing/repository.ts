import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Content of a file, a symbolic link, or null to delete. */
export type FileChange = string | Buffer | { readonly link: string } | null

/** A real Git repository in a folder of its own, with a working tree to commit from. */
export class TestRepository implements AsyncDisposable {
  readonly folder: string
  readonly url: string

  private constructor(folder: string) {
    this.folder = folder
    this.url = `file://${folder}`
  }

  static async create(files: Record<string, FileChange> = {}): Promise<TestRepository> {
    const repository = new TestRepository(await mkdtemp(join(tmpdir(), 'fairlead-repository-')))
    await repository.git('init', '--quiet', '--initial-branch=main')
    if (Object.keys(files).length > 0) await repository.commit(files)
    return repository
  }

  /** Commits changes on the current branch; answers the commit's id. */
  async commit(files: Record<string, FileChange>, message = 'Change'): Promise<string> {
    for (const [path, change] of Object.entries(files)) {
      const target = join(this.folder, path)
      await rm(target, { recursive: true, force: true })
      if (change === null) continue
      await mkdir(dirname(target), { recursive: true })
      if (typeof change === 'string' || Buffer.isBuffer(change)) await writeFile(target, change)
      else await symlink(change.link, target)
    }
    await this.git('add', '--all')
    await this.git('commit', '--quiet', '--allow-empty', '--message', message)
    return this.head()
  }

  async head(): Promise<string> {
    return (await this.git('rev-parse', 'HEAD')).trim()
  }

  /** Makes the repository unreadable for others, or readable again. */
  async setAside(aside: boolean): Promise<void> {
    const names = [join(this.folder, '.git'), join(this.folder, '.aside')] as const
    if (aside) await rename(names[0], names[1])
    else await rename(names[1], names[0])
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', ['-C', this.folder, ...args], {
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ada Author',
        GIT_AUTHOR_EMAIL: 'ada@example.com',
        GIT_COMMITTER_NAME: 'Ada Author',
        GIT_COMMITTER_EMAIL: 'ada@example.com',
      },
    })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
