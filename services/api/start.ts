import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FairleadError } from '@fairlead/errors'
import { Denials } from './denials.ts'
import { graphqlServer } from './graphql/server.ts'
import { handle, type Route } from './http/handler.ts'
import { respondError } from './http/respond.ts'
import { ApiMetrics } from './metrics/api-metrics.ts'
import type { ApiParts } from './ports.ts'

export interface ApiOptions {
  /** Default: a free one. */
  readonly port?: number | undefined
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Paths that others serve on the same port, without the API's authentication. */
  readonly routes?: Readonly<Record<string, Route>> | undefined
  /** What else must be up before the hub is ready: the reason why it is not. */
  readonly ready?: (() => string | undefined) | undefined
  /** Default 10,000. */
  readonly queryTimeoutMs?: number | undefined
}

export interface Api extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/graphql`. */
  readonly url: string
}

/** Serves GraphQL, health and metrics. Returns when it listens. */
export async function startApi(parts: ApiParts, options: ApiOptions = {}): Promise<Api> {
  const denials = new Denials(parts.ledger)
  const metrics = new ApiMetrics()
  const { routes = {}, host = '127.0.0.1', queryTimeoutMs = 10_000 } = options
  const graphql = graphqlServer(parts, denials, metrics)
  const ready = async () => options.ready?.() ?? (await readModelsReady(parts))
  const handler = { parts, graphql, denials, metrics, routes, ready, queryTimeoutMs }
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 }, (request, response) => {
    handle(handler, request, response).catch((cause: unknown) => {
      parts.log.error({ err: cause }, 'a request failed')
      if (!response.headersSent)
        respondError(response, new FairleadError('INTERNAL', 'the request failed for an internal reason', { cause: 'see the log' }), '')
      else response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port ?? 0, host, exclusive: true }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await graphql.dispose()
    },
  }
}

async function readModelsReady({ readModel }: ApiParts): Promise<string | undefined> {
  try {
    await readModel.queries(AbortSignal.timeout(2_000)).head()
    return undefined
  } catch (error) {
    return FairleadError.is(error) ? error.message : 'the database does not answer'
  }
}
