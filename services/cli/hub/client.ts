import { type ErrorCode, errorCodes, FairleadError } from '@fairlead/errors'
import type { HubAccess } from './access.ts'

interface GraphQLAnswer<Data> {
  readonly data?: Data | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[]
}

/** Asks the hub over GraphQL. */
export class HubClient {
  readonly #access: HubAccess

  constructor(access: HubAccess) {
    this.#access = access
  }

  /** One query or mutation. Throws the hub's own error, or `SERVER_UNREACHABLE`. */
  async ask<Data>(query: string, variables: Record<string, unknown> = {}, signal?: AbortSignal): Promise<Data> {
    const response = await this.#post(query, variables, 'application/json', signal)
    return dataOf<Data>((await response.json()) as GraphQLAnswer<Data>)
  }

  /** A subscription over server-sent events, from now on. Ends when the hub ends it or the signal aborts. */
  async *follow<Data>(query: string, variables: Record<string, unknown>, signal: AbortSignal): AsyncGenerator<Data> {
    const response = await this.#post(query, variables, 'text/event-stream', signal)
    if (!response.body) return
    let rest = ''
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body) {
        const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
        rest = frames.pop() ?? ''
        for (const frame of frames) {
          const { event, data } = parseFrame(frame)
          if (event === 'complete') return
          if (event === 'next' && data) yield dataOf<Data>(JSON.parse(data) as GraphQLAnswer<Data>)
        }
      }
    } catch (error) {
      if (signal.aborted) return
      if (FairleadError.is(error)) throw error
      throw new FairleadError('SERVER_UNREACHABLE', 'the hub closed the stream', { cause: error })
    }
  }

  /** What the hub has at `path`, as it comes; with a body it is posted. Throws the hub's own error, or `SERVER_UNREACHABLE`. */
  async get(path: string, body?: object, signal?: AbortSignal): Promise<Response> {
    const response = await this.#send(path, body, 'application/json, */*', signal)
    if (!response.ok) dataOf((await response.json()) as GraphQLAnswer<never>)
    return response
  }

  #post(query: string, variables: Record<string, unknown>, accept: string, signal?: AbortSignal): Promise<Response> {
    return this.#send('/graphql', { query, variables }, accept, signal)
  }

  async #send(path: string, body: object | undefined, accept: string, signal: AbortSignal | undefined): Promise<Response> {
    let response: Response
    try {
      response = await fetch(new URL(path, this.#access.url), {
        method: body ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${this.#access.token.reveal()}` },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw new FairleadError('SERVER_UNREACHABLE', `the hub at ${this.#access.url} does not answer`, { cause: error })
    }
    if (response.status === 401) throw new FairleadError('UNAUTHENTICATED', 'the hub does not know this token')
    if (!response.ok && !response.headers.get('content-type')?.includes('json')) {
      throw new FairleadError('SERVER_UNREACHABLE', `the hub at ${this.#access.url} answered ${response.status}`)
    }
    return response
  }
}

function parseFrame(frame: string): { event: string; data: string } {
  let event = 'message'
  const data: string[] = []
  for (const line of frame.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim()
    else if (line.startsWith('data:')) data.push(line.slice(5).trim())
  }
  return { event, data: data.join('\n') }
}

function dataOf<Data>(answer: GraphQLAnswer<Data>): Data {
  const error = answer.errors?.[0]
  if (error) {
    const { code, cause, where, next } = error.extensions ?? {}
    const known = typeof code === 'string' && code in errorCodes ? (code as ErrorCode) : 'INTERNAL'
    throw new FairleadError(known, error.message, {
      ...(cause !== undefined && { cause }),
      ...(typeof next === 'string' && { next }),
      ...(typeof where === 'object' && where !== null && { where }),
    })
  }
  if (answer.data === undefined || answer.data === null) throw new FairleadError('INTERNAL', 'the hub answered without data')
  return answer.data
}
