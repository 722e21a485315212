import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

export interface Push {
  readonly hookUrl: string
  readonly secret: string
  readonly repositoryUrl: string
  readonly ref: string
  /** Commit ids; forty zeros for "none". */
  readonly before: string
  readonly after: string
}

/** Tells the hub of a push as GitHub would (`push` event, HMAC-SHA-256). It is only a hint: when it does not arrive, polling finds the commit. */
export async function announcePush(push: Push): Promise<boolean> {
  const body = JSON.stringify({
    ref: push.ref,
    before: push.before,
    after: push.after,
    repository: { name: 'fleet', full_name: 'acme/fleet', clone_url: push.repositoryUrl, url: push.repositoryUrl, default_branch: 'main' },
  })
  const signature = createHmac('sha256', push.secret).update(body).digest('hex')
  const delivery = randomUUID()
  for (const waitMs of [0, 250, 1_000]) {
    await pause(waitMs)
    try {
      const answer = await fetch(push.hookUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'push',
          'x-github-delivery': delivery,
          'x-hub-signature-256': `sha256=${signature}`,
        },
        body,
        signal: AbortSignal.timeout(5_000),
      })
      await answer.body?.cancel()
      if (answer.status < 500) return answer.ok
    } catch {
      // Not up yet, or restarting.
    }
  }
  return false
}
