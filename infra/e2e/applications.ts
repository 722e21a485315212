import { until } from '@fairlead/local'
import type { Clone, Fleet } from './fleet.ts'
import { applicationManifest } from './manifests.ts'

/** How long anything may take before a test gives up on it. */
export const patience = { timeoutMs: 90_000 }

/** What GraphQL says of an application, as far as the tests ask. */
export interface Row {
  readonly sync: string
  readonly health: string
  readonly synced: { readonly revision: { readonly commit: string }; readonly bundle: string } | null
  readonly operation: { readonly id: string; readonly waitingFor: string; readonly awaitingConfirmation: boolean } | null
  readonly lastOperation: {
    readonly outcome: string
    readonly error: {
      readonly code: string
      readonly message: string
      readonly cause: string | null
      readonly where: { readonly file: string | null; readonly commit: string | null } | null
    } | null
  } | null
  readonly drifts: readonly {
    readonly how: string | null
    readonly tookMs: number | null
    readonly resources: readonly { readonly fields: readonly string[] }[]
  }[]
}

const fields = `sync health synced { revision { commit } bundle } operation { id waitingFor awaitingConfirmation }
  lastOperation { outcome error { code message cause where { file commit } } } drifts(first: 10) { how tookMs resources { fields } }`

/** Applications that a test declares in the demo fleet's repository and follows to the clusters. */
export class Applications implements Disposable {
  readonly clone: Clone
  readonly #fleet: Fleet
  readonly #repoURL: string

  private constructor(fleet: Fleet, clone: Clone, repoURL: string) {
    this.#fleet = fleet
    this.clone = clone
    this.#repoURL = repoURL
  }

  static async open(fleet: Fleet): Promise<Applications> {
    const clone = await fleet.clone()
    return new Applications(fleet, clone, await clone.url())
  }

  /** Declares an application and its objects in one commit; gives the commit. */
  declare(name: string, objects: string, options: Partial<Parameters<typeof applicationManifest>[0]> = {}): Promise<string> {
    return this.clone.push(`Add ${name}`, {
      [`apps/${name}.yaml`]: applicationManifest({ name, repoURL: this.#repoURL, ...options }),
      [`e2e/${name}/objects.yaml`]: objects,
    })
  }

  /** The application as the hub shows it; null when there is none, or while the hub is away: it may be what was killed. */
  async row(name: string): Promise<Row | null> {
    const answer = await this.#fleet.fairlead('api', '-q', `{ application(id: "${name}") { ${fields} } }`)
    if (answer.code === 0) return (JSON.parse(answer.stdout) as { application: Row | null }).application
    if (answer.stderr.includes('SERVER_UNREACHABLE')) return null
    throw new Error(answer.stderr)
  }

  /** Until the application has synced this commit and is Healthy. */
  async synced(name: string, commit: string): Promise<void> {
    let row: Row | null = null
    const isSynced = async () => {
      row = await this.row(name)
      return (row?.synced?.revision.commit === commit && row.sync === 'SYNCED' && row.health === 'HEALTHY') || undefined
    }
    await until(`${name} at ${commit.slice(0, 8)}`, isSynced, { ...patience, explain: () => JSON.stringify(row) })
  }

  [Symbol.dispose](): void {
    this.clone[Symbol.dispose]()
  }
}
