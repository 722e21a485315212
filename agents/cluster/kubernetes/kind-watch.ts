import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { KubernetesApi } from './api.ts'
import type { KubernetesObject } from './object.ts'
import type { ApiResource } from './paths.ts'

/** What a watch of one kind tells. */
export interface KindSink {
  /** An object is there, in this state. Told again for every object after a list. */
  present(object: KubernetesObject): void
  gone(object: KubernetesObject): void
  /** A list is complete: what is not in it did not exist at `version`. `has` takes namespace and name. */
  listed(version: string, has: (namespace: string, name: string) => boolean): void
}

const maxWaitMs = 30_000

/**
 * Lists all objects of one kind once and then follows their changes for ever: from the last version seen after an interruption, with a new list only
 * when the API server no longer has that version (410). Ends when aborted.
 */
export async function followKind(
  api: KubernetesApi,
  resource: ApiResource,
  sink: KindSink,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let version: string | undefined
  let failures = 0
  while (!signal.aborted) {
    try {
      version ??= await list(api, resource, sink, signal)
      for await (const event of api.watch(resource, version, signal)) {
        failures = 0
        switch (event.type) {
          case 'changed':
            sink.present(event.object)
            version = event.object.metadata.resourceVersion ?? version
            break
          case 'deleted':
            sink.gone(event.object)
            version = event.object.metadata.resourceVersion ?? version
            break
          case 'bookmark':
            version = event.resourceVersion
            break
          case 'expired':
            version = undefined
        }
        if (version === undefined) break
      }
    } catch (error) {
      if (signal.aborted) return
      failures++
      log.debug({ err: error, kind: resource.kind }, 'watch interrupted')
      const wait = Math.min(maxWaitMs, 200 * 2 ** failures) * (0.5 + Math.random())
      await pause(wait, undefined, { signal }).catch(() => undefined)
    }
  }
}

async function list(api: KubernetesApi, resource: ApiResource, sink: KindSink, signal: AbortSignal): Promise<string> {
  const names = new Set<string>()
  let version = ''
  for await (const page of api.list(resource, signal)) {
    version = page.resourceVersion
    for (const object of page.items) {
      names.add(`${object.metadata.namespace ?? ''}/${object.metadata.name}`)
      sink.present(object)
    }
  }
  sink.listed(version, (namespace, name) => names.has(`${namespace}/${name}`))
  return version
}
