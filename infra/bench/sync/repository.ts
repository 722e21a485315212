import { execFile, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** A bare repository that grows by whole commits; no working tree. */
export class BenchRepository {
  readonly path: string
  readonly url: string
  #commits = 0

  private constructor(path: string) {
    this.path = path
    this.url = pathToFileURL(path).href
  }

  static async create(path: string): Promise<BenchRepository> {
    mkdirSync(path, { recursive: true })
    await exec('git', ['init', '--quiet', '--bare', '--initial-branch=main', path])
    return new BenchRepository(path)
  }

  /** Commits these files on top of `main`; the others stay. Gives the commit. */
  async commit(files: ReadonlyMap<string, string>): Promise<string> {
    const mark = ++this.#commits
    const text = (value: string) => `data ${Buffer.byteLength(value)}\n${value}\n`
    const stream = [
      'commit refs/heads/main\n',
      `committer Bench <bench@example.com> ${1_767_225_600 + mark} +0000\n`,
      text(`commit ${mark}`),
      ...(mark > 1 ? ['from refs/heads/main^0\n'] : []),
      ...[...files].map(([path, content]) => `M 100644 inline ${path}\n${text(content)}`),
      'done\n',
    ].join('')
    await new Promise<void>((resolve, reject) => {
      const child = spawn('git', ['fast-import', '--quiet', '--done'], { cwd: this.path, stdio: ['pipe', 'ignore', 'inherit'] })
      child.once('error', reject)
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`git fast-import ended with ${code}`))))
      child.stdin.end(stream)
    })
    return (await exec('git', ['rev-parse', 'main'], { cwd: this.path })).stdout.trim()
  }
}
