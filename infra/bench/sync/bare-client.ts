import { Pool } from 'undici'
import type { Manifest } from './manifests.ts'

/** How to reach one API server with an administrator's token. */
export interface ClusterAccess {
  readonly url: string
  readonly token: string
  /** PEM of the CA that signed the API server's certificate. */
  readonly ca: string
}

const paths: Readonly<Record<string, string>> = {
  ServiceAccount: 'api/v1/namespaces/NS/serviceaccounts',
  ConfigMap: 'api/v1/namespaces/NS/configmaps',
  Service: 'api/v1/namespaces/NS/services',
  Deployment: 'apis/apps/v1/namespaces/NS/deployments',
}

/**
 * The limit that a sync is measured against: dry-runs, applies and waits for the same objects with nothing around it, 20 requests at once on kept-alive
 * connections.
 */
export class BareClient implements AsyncDisposable {
  readonly #pool: Pool
  readonly #headers: Record<string, string>

  constructor(access: ClusterAccess) {
    this.#pool = new Pool(access.url, { connections: 20, connect: { ca: access.ca } })
    this.#headers = { authorization: `Bearer ${access.token}`, accept: 'application/json' }
  }

  async createNamespace(name: string): Promise<void> {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await this.#send('POST', '/api/v1/namespaces', body, 'application/json', [201, 409])
  }

  /** Dry run of everything, then apply of everything, then wait until every Deployment is Available at its newest generation. */
  async sync(objects: readonly Manifest[], signal: AbortSignal): Promise<void> {
    await this.#applyAll(objects, true, signal)
    await this.#applyAll(objects, false, signal)
    const namespaces = new Set(objects.map((object) => object.metadata.namespace))
    for (const namespace of namespaces) {
      const names = objects.filter((object) => object.kind === 'Deployment' && object.metadata.namespace === namespace)
      await this.#untilAvailable(namespace, new Set(names.map((object) => object.metadata.name)), signal)
    }
  }

  async #applyAll(objects: readonly Manifest[], dryRun: boolean, signal: AbortSignal): Promise<void> {
    const queue = [...objects]
    const one = async () => {
      for (let object = queue.shift(); object; object = queue.shift()) {
        signal.throwIfAborted()
        const path = `/${paths[object.kind]?.replace('NS', object.metadata.namespace)}/${object.metadata.name}`
        const query = `?fieldManager=bare&force=true${dryRun ? '&dryRun=All' : ''}`
        await this.#send('PATCH', path + query, JSON.stringify(object), 'application/apply-patch+yaml', [200, 201])
      }
    }
    await Promise.all(Array.from({ length: 20 }, one))
  }

  /** Lists once, then follows the watch: the cheapest wait there is. */
  async #untilAvailable(namespace: string, waiting: Set<string>, signal: AbortSignal): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
    const list = JSON.parse(await this.#send('GET', path, undefined, undefined, [200])) as DeploymentList
    for (const item of list.items) if (isAvailable(item)) waiting.delete(item.metadata.name)
    if (waiting.size === 0) return
    const stop = new AbortController()
    const watch = await this.#pool.request({
      method: 'GET',
      path: `${path}?watch=true&resourceVersion=${list.metadata.resourceVersion}`,
      headers: this.#headers,
      signal: AbortSignal.any([signal, stop.signal]),
      bodyTimeout: 0,
    })
    let rest = ''
    for await (const chunk of watch.body) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { object } = JSON.parse(line) as { object: Deployment }
        if (isAvailable(object)) waiting.delete(object.metadata.name)
      }
      if (waiting.size === 0) break
    }
    stop.abort()
  }

  async #send(
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body: string | undefined,
    type: string | undefined,
    expected: number[],
  ): Promise<string> {
    const response = await this.#pool.request({
      method,
      path,
      headers: type ? { ...this.#headers, 'content-type': type } : this.#headers,
      ...(body !== undefined && { body }),
    })
    const text = await response.body.text()
    if (!expected.includes(response.statusCode)) throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`)
    return text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }
}

interface Deployment {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly spec: { readonly replicas: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly replicas?: number
  }
}
interface DeploymentList {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly Deployment[]
}

function isAvailable({ metadata, spec, status }: Deployment): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.availableReplicas === spec.replicas &&
    status.replicas === spec.replicas
  )
}
