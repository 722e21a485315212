import { createHmac, timingSafeEqual } from 'node:crypto'
import { FairleadError, type Redacted } from '@fairlead/errors'

/** Header names in lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export type WebhookKind = 'github' | 'gitlab' | 'generic'

/** Who sent it, and which delivery it is (for the replay cache). */
export interface VerifiedDelivery {
  readonly kind: WebhookKind
  /** The sender's own id of the delivery; undefined when it gives none. */
  readonly delivery: string | undefined
  readonly event: string
}

/**
 * Proves that a delivery comes from somebody who knows the secret, over the raw bytes: GitHub `X-Hub-Signature-256`, GitLab
 * `X-Gitlab-Token`, anyone else `X-Fairlead-Signature: sha256=<hex>`. Throws `WEBHOOK_UNAUTHENTICATED`; SHA-1 alone never suffices.
 */
export function verifyWebhook(headers: Headers, body: Buffer, secret: Redacted): VerifiedDelivery {
  const github = header(headers, 'x-hub-signature-256')
  if (github !== undefined) {
    requireSignature(github, body, secret)
    return { kind: 'github', delivery: header(headers, 'x-github-delivery'), event: header(headers, 'x-github-event') ?? 'push' }
  }
  const gitlab = header(headers, 'x-gitlab-token')
  if (gitlab !== undefined) {
    if (!sameText(gitlab, secret.reveal())) throw unauthenticated('the token is not the one')
    const delivery = header(headers, 'idempotency-key') ?? header(headers, 'x-gitlab-event-uuid')
    return { kind: 'gitlab', delivery, event: header(headers, 'x-gitlab-event') ?? 'Push Hook' }
  }
  const generic = header(headers, 'x-fairlead-signature')
  if (generic !== undefined) {
    requireSignature(generic, body, secret)
    return { kind: 'generic', delivery: header(headers, 'x-fairlead-delivery'), event: 'push' }
  }
  throw unauthenticated('it carries no SHA-256 signature and no token')
}

/** The value of `X-Hub-Signature-256` and `X-Fairlead-Signature` for a body. */
export function signWebhook(body: Buffer, secret: Redacted): string {
  return `sha256=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}`
}

function requireSignature(given: string, body: Buffer, secret: Redacted): void {
  if (!/^sha256=[0-9a-f]{64}$/i.test(given) || !sameText(given.toLowerCase(), signWebhook(body, secret))) {
    throw unauthenticated('the signature does not fit')
  }
}

/** Constant time in the length that both must have. */
function sameText(a: string, b: string): boolean {
  const left = createHmac('sha256', 'compare').update(a).digest()
  const right = createHmac('sha256', 'compare').update(b).digest()
  return timingSafeEqual(left, right)
}

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  const first = typeof value === 'string' ? value : value?.[0]
  return first === '' ? undefined : first
}

function unauthenticated(why: string): FairleadError {
  return new FairleadError('WEBHOOK_UNAUTHENTICATED', `the webhook delivery is refused: ${why}`)
}
