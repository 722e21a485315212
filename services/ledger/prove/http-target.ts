import { FairleadError, type Redacted } from '@fairlead/errors'
import type { HeadTarget } from './targets.ts'

export interface HttpTargetOptions {
  /** Sent as a bearer token. */
  readonly token?: Redacted<string> | undefined
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * Sends each line to an HTTP endpoint: `POST`, `application/json`, one JSON document with a line's end behind it, so that an endpoint that
 * appends what it gets to a file keeps a file of heads. Any 2xx is taken; redirects are not followed. Throws `BAD_USER_INPUT` for a URL that
 * would show a secret: credentials belong into `token`, and a token is sent over TLS or the loopback only.
 */
export function httpTarget(url: string, { token }: HttpTargetOptions = {}): HeadTarget {
  const address = URL.parse(url)
  const refuse = (message: string, next: string) => new FairleadError('BAD_USER_INPUT', message, { next })
  if (!address || !/^https?:$/.test(address.protocol)) throw refuse('the endpoint for signed heads is no http or https URL', 'correct it')
  const { host, hostname, protocol, username, password } = address
  if (username || password) throw refuse(`the URL of the endpoint ${host} holds credentials`, 'put the token into a file of its own')
  if (token && protocol === 'http:' && !loopback.test(hostname)) throw refuse(`a token would go to ${host} in the clear`, 'use https')
  return {
    name: `endpoint ${host}`,
    async publish(line, signal) {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token.reveal()}` }) }
      const body = `${JSON.stringify(line)}\n`
      const response = await fetch(address, { method: 'POST', headers, body, redirect: 'error', signal }).catch((cause: unknown) => {
        // What fetch says names the address with its query.
        const reason = signal.aborted ? 'did not answer in time' : `cannot be reached (${reasonOf(cause)})`
        throw new FairleadError('SERVER_UNREACHABLE', `${host} ${reason}`, { next: `check the endpoint for signed heads at ${host}` })
      })
      await response.body?.cancel()
      if (response.ok) return
      throw new FairleadError('SERVER_UNREACHABLE', `${host} answered ${response.status}`, {
        next: `see why the endpoint for signed heads at ${host} does not take them`,
      })
    },
  }
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return cause?.message === 'unexpected redirect' ? 'it redirects' : 'no connection'
}
