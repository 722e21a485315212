import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { Agent, request } from 'undici'

/** How to reach an API server as somebody. */
export interface KubernetesAccess {
  readonly url: string
  readonly token: string
  /** PEM file of the authority (the API server's own). */
  readonly certificate: string
}

/** The few requests that running a local cluster needs; what is applied from Git goes through the agent. */
export interface KubernetesClient extends AsyncDisposable {
  /** Gives the status and the parsed body of any answer; throws only when there is none. */
  send(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<{ status: number; body: unknown }>
}

/** Opens a client with one kept-alive connection pool. */
export function kubernetesClient(access: KubernetesAccess): KubernetesClient {
  const agent = new Agent({ connections: 4, connect: { ca: readFileSync(access.certificate) } })
  return {
    async send(method, path, body, signal) {
      const answer = await request(`${access.url}${path}`, {
        dispatcher: agent,
        method,
        headers: {
          authorization: `Bearer ${access.token}`,
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        },
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: parsed(text) }
    },
    [Symbol.asyncDispose]: () => agent.close(),
  }
}

/** Creates an object; one that is there already is left as it is. */
export async function ensureObject(client: KubernetesClient, path: string, object: unknown, signal?: AbortSignal): Promise<void> {
  const { status, body } = await client.send('POST', path, object, signal)
  if (status === 201 || status === 409) return
  throw new FairleadError('KUBERNETES_REFUSED', `the API server refused an object at ${path} with ${status}`, {
    cause: JSON.stringify(body),
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
