import { FairleadError } from '@fairlead/errors'
import type { Http } from './http.ts'
import type { KubernetesObject } from './object.ts'
import { type ApiResource, collectionPath } from './paths.ts'

export interface Page {
  readonly items: readonly KubernetesObject[]
  /** Version of the whole list: a watch goes on from here. */
  readonly resourceVersion: string
}

export type WatchEvent =
  | { readonly type: 'changed' | 'deleted'; readonly object: KubernetesObject }
  /** Nothing changed up to this version. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The version asked for is too old: list again. */
  | { readonly type: 'expired' }

const pageSize = 500

interface ListBody {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }
  readonly items: readonly Record<string, unknown>[] | null
}

/** All objects of a kind, 500 at a time, so that a large cluster costs little memory. A continuation that expired starts over. Throws `KUBERNETES_UNREACHABLE`. */
export async function* listPages(http: Http, resource: ApiResource, signal: AbortSignal): AsyncIterable<Page> {
  let next = ''
  for (;;) {
    const query = `?limit=${pageSize}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`
    const { status, body } = await http.send({ method: 'GET', path: collectionPath(resource) + query }, signal)
    if (status === 410 && next !== '') {
      next = ''
      continue
    }
    if (status !== 200)
      throw new FairleadError('KUBERNETES_UNREACHABLE', `the API server answered ${status} to a list of ${resource.plural}`)
    const { metadata, items } = body as ListBody
    // Items of a list do not say what they are.
    const typed = (items ?? []).map((item) => ({ apiVersion: resource.apiVersion, kind: resource.kind, ...item }) as KubernetesObject)
    yield { items: typed, resourceVersion: metadata.resourceVersion }
    next = metadata.continue ?? ''
    if (next === '') return
  }
}

/** The changes of a kind after `resourceVersion`, until the server ends the watch (5 to 10 minutes). Throws `KUBERNETES_UNREACHABLE` when it breaks. */
export async function* watchEvents(
  http: Http,
  resource: ApiResource,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncIterable<WatchEvent> {
  const timeout = 300 + Math.floor(Math.random() * 300)
  const query = `?watch=1&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(resourceVersion)}&timeoutSeconds=${timeout}`
  const { status, body } = await http.stream(collectionPath(resource) + query, signal)
  if (status === 410) return yield { type: 'expired' }
  if (status !== 200)
    throw new FairleadError('KUBERNETES_UNREACHABLE', `the API server answered ${status} to a watch of ${resource.plural}`)
  for await (const line of lines(body)) {
    const event = readEvent(line)
    if (event) yield event
  }
}

function readEvent(line: string): WatchEvent | undefined {
  const { type, object } = JSON.parse(line) as {
    readonly type: string
    readonly object: KubernetesObject & { readonly code?: number; readonly message?: string }
  }
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'changed', object }
    case 'DELETED':
      return { type: 'deleted', object }
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion: object.metadata.resourceVersion ?? '' }
    case 'ERROR':
      if (object.code === 410) return { type: 'expired' }
      throw new FairleadError('KUBERNETES_UNREACHABLE', `the API server ended a watch: ${object.message ?? 'without a reason'}`)
    default:
      return undefined
  }
}

const newline = 0x0a

async function* lines(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let pending: Uint8Array[] = []
  for await (const chunk of body) {
    let from = 0
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      const end = chunk.subarray(from, at)
      yield (pending.length === 0 ? Buffer.from(end.buffer, end.byteOffset, end.length) : Buffer.concat([...pending, end])).toString('utf8')
      pending = []
      from = at + 1
    }
    if (from < chunk.length) pending.push(chunk.subarray(from))
  }
}
