import { FairleadError } from '@fairlead/errors'
import { repositoryIdentity } from '../git/url.ts'
import type { VerifiedDelivery } from './verify.ts'

/** What a delivery hints at: look there. Nothing of it is believed; the repository itself is asked. */
export interface WebhookHint {
  /** Identities (`host/path`) of the repository's URLs. */
  readonly repositories: readonly string[]
  /** Branch or tag without `refs/…/`; absent when the delivery names none. */
  readonly ref?: string
}

/** Reads a verified payload. Undefined for events that move no ref (a ping). Throws `WEBHOOK_INVALID` for what is not such a payload. */
export function parseWebhook(delivery: VerifiedDelivery, body: Buffer): WebhookHint | undefined {
  let payload: unknown
  try {
    payload = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new FairleadError('WEBHOOK_INVALID', 'the webhook payload is not JSON', { cause: (cause as Error).name })
  }
  if (!isRecord(payload)) throw new FairleadError('WEBHOOK_INVALID', 'the webhook payload is not an object')
  switch (delivery.kind) {
    case 'github':
      if (delivery.event === 'ping') return undefined
      return hint(payload, ['clone_url', 'ssh_url', 'git_url', 'html_url'], [payload.repository])
    case 'gitlab':
      return hint(payload, ['git_http_url', 'git_ssh_url', 'http_url', 'ssh_url', 'homepage', 'url'], [payload.project, payload.repository])
    case 'generic':
      return hint(payload, ['url', 'repository'], [payload])
  }
}

function hint(payload: Record<string, unknown>, fields: readonly string[], holders: readonly unknown[]): WebhookHint {
  const repositories = new Set<string>()
  for (const holder of holders) {
    if (!isRecord(holder)) continue
    for (const field of fields) {
      const value = holder[field]
      const identity = typeof value === 'string' ? repositoryIdentity(value) : undefined
      if (identity) repositories.add(identity)
    }
  }
  if (repositories.size === 0) throw new FairleadError('WEBHOOK_INVALID', 'the webhook payload names no repository')
  const { ref } = payload
  return {
    repositories: [...repositories],
    ...(typeof ref === 'string' && ref !== '' && { ref: ref.replace(/^refs\/(heads|tags)\//, '') }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
