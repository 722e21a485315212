import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type ErrorShape, FairleadError } from '@fairlead/errors'

/** Asks the supervisor that listens on `socket`. Undefined when none does. */
export async function askSupervisor<T>(
  socket: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const response = await open(socket, method, path, body, signal)
  if (response === undefined) return undefined
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const answer = JSON.parse(text) as T & { error?: ErrorShape }
  if (response.statusCode !== 200 && answer.error) throw FairleadError.fromJSON(answer.error)
  return answer
}

/** The supervisor's lines, each a JSON value, from the first on. Ends when the supervisor does. */
export async function* followSupervisor<T>(socket: string, signal?: AbortSignal): AsyncGenerator<T> {
  const response = await open(socket, 'GET', '/events', undefined, signal)
  if (response === undefined) return
  let rest = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line) as T
    }
  } catch (error) {
    if (signal?.aborted || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return
    throw error
  }
}

function open(socketPath: string, method: string, path: string, body: unknown, signal?: AbortSignal): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { socketPath, method, path, headers: { 'content-type': 'application/json' }, ...(signal && { signal }) },
      resolve,
    )
    request.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error)
    })
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
