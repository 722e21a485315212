import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RenderOptions } from '@fairlead/manifests'
import { resolveProgram } from '@fairlead/toolchain'
import { Mirror } from '../git/mirror.ts'
import { parseRepositoryUrl } from '../git/url.ts'
import { discover } from '../render/inputs/discover.ts'
import { Inspector } from '../render/inputs/inspector.ts'
import { renderKey } from '../render/key.ts'
import type { RenderedObject } from '../render/protocol.ts'
import { Renderer, type RendererOptions } from '../render/renderer.ts'
import type { TestRepository } from './repository.ts'

const limits = { maxFiles: 2_000 }

/** A renderer and a mirror of a test repository: renders a folder as the service would, without the service around it. */
export class Workshop implements AsyncDisposable {
  readonly renderer: Renderer
  readonly inspector: Inspector
  readonly mirror: Mirror
  readonly #folder: string

  private constructor(renderer: Renderer, mirror: Mirror, folder: string) {
    this.renderer = renderer
    this.inspector = new Inspector(renderer)
    this.mirror = mirror
    this.#folder = folder
  }

  static async open(
    repository: TestRepository,
    options: Partial<RendererOptions> = {},
    maxFileBytes = 10 * 1024 * 1024,
  ): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-workshop-'))
    const home = join(folder, 'home')
    await mkdir(home)
    const url = parseRepositoryUrl(repository.url, { allowHttp: false, fileRoots: [repository.folder] })
    const mirror = new Mirror(url, join(folder, 'mirror.git'), {
      home,
      searchPath: process.env.PATH ?? '',
      network: { reach: 'public', trustedHosts: [] },
      maxFileBytes,
      lsRemoteTimeoutMs: 30_000,
      fetchTimeoutMs: 60_000,
    })
    return new Workshop(await Renderer.start({ path: await rendererPath(), ...options }), mirror, folder)
  }

  /** What the folder renders to at the newest commit. */
  async render(path: string, render: unknown = { tool: 'detect' }): Promise<readonly RenderedObject[]> {
    const { discovery, contents } = await this.#discover(path, render)
    if (!discovery.prepared) throw discovery.error
    return this.renderer.render(discovery.prepared.request, contents)
  }

  /** The key under which that render is kept. */
  async key(path: string, render: unknown = { tool: 'detect' }): Promise<string> {
    const { discovery } = await this.#discover(path, render)
    if (!discovery.prepared) throw discovery.error
    return renderKey(discovery.prepared.request, this.renderer.version)
  }

  async #discover(path: string, render: unknown) {
    await this.mirror.fetch()
    const { head } = await this.mirror.lsRemote()
    const snapshot = await this.mirror.snapshot(head!)
    const source = {
      ...{ snapshot, path, render: RenderOptions.parse(render), release: { name: 'web', namespace: 'shop' } },
      refs: new Map([['values', snapshot]]),
    }
    return { discovery: await discover(source, this.inspector, limits), contents: (id: string) => this.mirror.blob(id) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.renderer[Symbol.asyncDispose]()
    await this.mirror[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The renderer program: built once per state of its sources. */
export async function rendererPath(): Promise<string> {
  return (await resolveProgram('renderer', { log: () => {} })).path
}
