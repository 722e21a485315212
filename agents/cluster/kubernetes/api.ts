import { FairleadError } from '@fairlead/errors'
import { readAccess } from './credentials.ts'
import { Discovery } from './discovery.ts'
import { type HttpAnswer, type HttpRequest, openHttp } from './http.ts'
import { fieldManager, groupOf, type KubernetesObject } from './object.ts'
import { type ApiResource, collectionPath, objectPath, writeQuery } from './paths.ts'
import { type Answer, failureOf, type StatusBody, succeeded, unreachable } from './status.ts'
import { unknownFields, withoutFields } from './unknown-fields.ts'
import { listPages, type Page, type WatchEvent, watchEvents } from './watch.ts'

/** What a write left behind. */
export interface Written {
  readonly object: KubernetesObject
  readonly created: boolean
  /** The write changed something, or (dry run) would; `true` also when that cannot be told. */
  readonly changed: boolean
}

export interface WriteOptions {
  readonly dryRun: boolean
  /** False: fields that the schema does not know are dropped. Absent = true: they are refused. */
  readonly validate?: boolean | undefined
}

export type Propagation = 'foreground' | 'background' | 'orphan'

/**
 * One cluster, as the agent uses it. Expected failures are values; only aborting throws. No message in it quotes a secret (`mask.ts`).
 * Implemented over HTTP here and in memory by simulators.
 */
export interface KubernetesApi extends AsyncDisposable {
  /** URL of the API server. */
  readonly server: string
  /** For example `v1.36.3`. Throws `KUBERNETES_UNREACHABLE`. */
  version(signal?: AbortSignal): Promise<string>
  /** Path and scope of a kind; undefined when the cluster does not have it. Throws `KUBERNETES_UNREACHABLE`. */
  find(apiVersion: string, kind: string): Promise<ApiResource | undefined>
  /** Kinds of this group and version may have appeared. */
  forgetKinds(apiVersion: string): void
  get(resource: ApiResource, namespace: string, name: string, signal?: AbortSignal): Promise<Answer<KubernetesObject>>
  /** Server-side apply as manager `fairlead`, taking over fields of others. */
  apply(resource: ApiResource, manifest: KubernetesObject, options: WriteOptions, signal?: AbortSignal): Promise<Answer<Written>>
  /** Replaces the whole object, or creates it (Argo CD: Replace=true). */
  replace(resource: ApiResource, manifest: KubernetesObject, options: WriteOptions, signal?: AbortSignal): Promise<Answer<Written>>
  /** Deletes one object; with `uid` only that very one. The value says whether it is gone already or only on its way. */
  remove(
    resource: ApiResource,
    object: { readonly namespace: string; readonly name: string; readonly uid?: string; readonly resourceVersion?: string },
    propagation: Propagation,
    signal?: AbortSignal,
  ): Promise<Answer<'gone' | 'going'>>
  /** All objects of a kind, in pages. Throws `KUBERNETES_UNREACHABLE`. */
  list(resource: ApiResource, signal: AbortSignal): AsyncIterable<Page>
  /** Changes after `resourceVersion`; ends when the server closes the watch, throws when it breaks. */
  watch(resource: ApiResource, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>
}

export interface KubernetesOptions {
  /** Path; undefined = the pod's service account. */
  readonly kubeconfig: string | undefined
  /** Requests on their way at one time. */
  readonly concurrency: number
}

/** Opens the cluster that a kubeconfig names. */
export async function openKubernetes(options: KubernetesOptions, signal?: AbortSignal): Promise<KubernetesApi> {
  const access = await readAccess(options.kubeconfig, signal)
  const http = openHttp({ access, refresh: () => readAccess(options.kubeconfig), concurrency: options.concurrency })
  const discovery = new Discovery(http)

  const attempt = async <T>(
    request: HttpRequest,
    about: ApiResource,
    read: (answer: HttpAnswer) => T,
    abort?: AbortSignal,
  ): Promise<Answer<T>> => {
    let answer: HttpAnswer
    try {
      answer = await http.send(request, abort)
    } catch (cause) {
      abort?.throwIfAborted()
      return { ok: false, failure: unreachable(cause) }
    }
    if (answer.status >= 300)
      return { ok: false, failure: failureOf(answer.status, answer.body, { group: groupOf(about.apiVersion), kind: about.kind }) }
    return succeeded(read(answer))
  }
  const get: KubernetesApi['get'] = (resource, namespace, name, abort) =>
    attempt({ method: 'GET', path: objectPath(resource, namespace, name) }, resource, ({ body }) => body as KubernetesObject, abort)

  /**
   * The fields of a manifest that the server does not know. A server-side apply refuses them whatever `fieldValidation` says and names only the first; a strict
   * creation names all of them before it looks at anything else. A dry run: nothing is created.
   */
  const unknownTo = async (resource: ApiResource, manifest: KubernetesObject, abort?: AbortSignal): Promise<string[]> => {
    const path = collectionPath(resource, manifest.metadata.namespace) + writeQuery({ dryRun: true, validate: true })
    const request = { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(manifest) } as const
    const answer = await http.send(request, abort).catch(() => undefined)
    abort?.throwIfAborted()
    return answer?.status === 400 ? unknownFields((answer.body as StatusBody | null)?.message ?? '') : []
  }

  return {
    server: access.server,
    async version(abort) {
      const { status, body } = await http.send({ method: 'GET', path: '/version' }, abort)
      if (status === 200) return (body as { gitVersion: string }).gitVersion
      throw new FairleadError('KUBERNETES_UNREACHABLE', `the API server answered ${status} when asked for its version`)
    },
    find: (apiVersion, kind) => discovery.find(apiVersion, kind),
    forgetKinds: (apiVersion) => discovery.forget(apiVersion),
    get,
    async apply(resource, manifest, { dryRun, validate = true }, abort) {
      const { name, namespace = '' } = manifest.metadata
      const path = objectPath(resource, namespace, name) + writeQuery({ dryRun, validate, force: true })
      const send = (body: KubernetesObject) =>
        attempt(
          { method: 'PATCH', path, contentType: 'application/apply-patch+yaml', body: JSON.stringify(body) },
          resource,
          writtenBy,
          abort,
        )
      const answer = await send(manifest)
      if (validate || answer.ok || !answer.failure.untyped) return answer
      const unknown = await unknownTo(resource, manifest, abort)
      return unknown.length === 0 ? answer : send(withoutFields(manifest, unknown))
    },
    async replace(resource, manifest, { dryRun, validate = true }, abort) {
      const { name, namespace = '' } = manifest.metadata
      const live = await get(resource, namespace, name, abort)
      if (!live.ok && live.failure.kind !== 'absent') return live
      const query = writeQuery({ dryRun, validate })
      if (!live.ok) {
        const request = {
          method: 'POST',
          path: collectionPath(resource, namespace) + query,
          contentType: 'application/json',
          body: JSON.stringify(manifest),
        } as const
        return attempt(request, resource, writtenBy, abort)
      }
      const { resourceVersion } = live.value.metadata
      const body = JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, resourceVersion } })
      const request = { method: 'PUT', path: objectPath(resource, namespace, name) + query, contentType: 'application/json', body } as const
      return attempt(
        request,
        resource,
        (answer) => ({ ...writtenBy(answer), changed: isOtherVersion(answer, resourceVersion, dryRun) }),
        abort,
      )
    },
    remove(resource, object, propagation, abort) {
      const preconditions = {
        ...(object.uid !== undefined && { uid: object.uid }),
        ...(object.resourceVersion !== undefined && { resourceVersion: object.resourceVersion }),
      }
      const propagationPolicy = { foreground: 'Foreground', background: 'Background', orphan: 'Orphan' }[propagation]
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, preconditions })
      const request = {
        method: 'DELETE',
        path: objectPath(resource, object.namespace, object.name),
        contentType: 'application/json',
        body,
      } as const
      return attempt(request, resource, (answer) => (isGone(answer.body) ? 'gone' : 'going'), abort)
    },
    list: (resource, abort) => listPages(http, resource, abort),
    watch: (resource, resourceVersion, abort) => watchEvents(http, resource, resourceVersion, abort),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}

/** A deletion that is complete is answered with a Status or with the object as it was, one that is under way with the object and its deletion time. */
function isGone(body: unknown): boolean {
  return (body as Partial<KubernetesObject>).metadata?.deletionTimestamp === undefined
}

function writtenBy(answer: HttpAnswer): Written {
  const object = answer.body as KubernetesObject
  const created = answer.status === 201
  return { object, created, changed: created || changedByApply(object, answer) }
}

function isOtherVersion(answer: HttpAnswer, before: string | undefined, dryRun: boolean): boolean {
  return dryRun || (answer.body as KubernetesObject).metadata.resourceVersion !== before
}

/**
 * Whether a server-side apply that was just answered changed the object. The API server sets the time of our managedFields entry only when it did
 * (a dry run sets it in its answer), in whole seconds; an apply of the last second or two cannot be told apart and counts as a change.
 */
function changedByApply(object: KubernetesObject, answer: HttpAnswer): boolean {
  const own = object.metadata.managedFields?.find(
    (entry) => entry.manager === fieldManager && entry.operation === 'Apply' && entry.subresource === undefined,
  )
  if (own?.time === undefined || answer.serverTime === undefined) return true
  return Date.parse(own.time) >= answer.serverTime - answer.tookMs - 1_000
}
