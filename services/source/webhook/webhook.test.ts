import { FairleadError, Redacted } from '@fairlead/errors'
import { describe, expect, it } from 'vitest'
import { parseWebhook } from './parse.ts'
import { signWebhook, type VerifiedDelivery, verifyWebhook } from './verify.ts'

const secret = new Redacted("It's a Secret to Everybody")
const hello = Buffer.from('Hello, World!')
// Published by GitHub: "Validating webhook deliveries", testing the webhook payload validation.
const published = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
const code = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return FairleadError.is(error) ? error.code : error
  }
  return undefined
}

describe('verifyWebhook', () => {
  it("accepts GitHub's published vector", () => {
    expect(verifyWebhook({ 'x-hub-signature-256': published, 'x-github-delivery': 'd1', 'x-github-event': 'push' }, hello, secret)).toEqual(
      {
        kind: 'github',
        delivery: 'd1',
        event: 'push',
      },
    )
    expect(signWebhook(hello, secret)).toBe(published)
  })

  it.each([
    ['no signature at all', {}],
    ['SHA-1 only', { 'x-hub-signature': 'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59' }],
    ['a wrong signature', { 'x-hub-signature-256': published.replace('757', '758') }],
    ['SHA-1 in the place of SHA-256', { 'x-hub-signature-256': 'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59' }],
    ['an empty signature', { 'x-hub-signature-256': '' }],
    ['a wrong GitLab token', { 'x-gitlab-token': 'guess' }],
    ['a wrong generic signature', { 'x-fairlead-signature': published.replace(/.$/, '0') }],
  ])('refuses %s', (_, headers) => {
    expect(code(() => verifyWebhook(headers, hello, secret))).toBe('WEBHOOK_UNAUTHENTICATED')
  })

  it('accepts the GitLab token and the generic signature', () => {
    expect(verifyWebhook({ 'x-gitlab-token': secret.reveal() }, hello, secret).kind).toBe('gitlab')
    expect(verifyWebhook({ 'x-fairlead-signature': published }, hello, secret).kind).toBe('generic')
  })

  it('refuses a body that was changed after signing', () => {
    expect(code(() => verifyWebhook({ 'x-hub-signature-256': published }, Buffer.from('Hello, World?'), secret))).toBe(
      'WEBHOOK_UNAUTHENTICATED',
    )
  })
})

describe('parseWebhook', () => {
  const delivery = (kind: VerifiedDelivery['kind'], event = 'push'): VerifiedDelivery => ({ kind, event, delivery: 'd' })
  const body = (value: unknown) => Buffer.from(JSON.stringify(value))

  it('gives one identity for all spellings of a GitHub repository', () => {
    const payload = {
      ref: 'refs/heads/main',
      repository: {
        clone_url: 'https://github.com/Org/Fleet.git',
        ssh_url: 'git@github.com:Org/Fleet.git',
        html_url: 'https://github.com/Org/Fleet',
      },
    }
    expect(parseWebhook(delivery('github'), body(payload))).toEqual({ repositories: ['github.com/org/fleet'], ref: 'main' })
  })

  it('reads GitLab and generic payloads', () => {
    const project = { git_http_url: 'https://gitlab.example.com/a/b.git' }
    expect(parseWebhook(delivery('gitlab'), body({ ref: 'refs/tags/v1', project }))?.repositories).toEqual(['gitlab.example.com/a/b'])
    expect(parseWebhook(delivery('generic'), body({ url: 'file:///srv/fleet.git' }))).toEqual({ repositories: ['file/srv/fleet'] })
  })

  it('takes a ping for what it is', () => {
    expect(parseWebhook(delivery('github', 'ping'), body({ zen: 'Keep it logically awesome.' }))).toBeUndefined()
  })

  it.each([
    ['no JSON', Buffer.from('nope')],
    ['a list', body([])],
    ['no repository', body({ ref: 'refs/heads/main' })],
    ['a repository that is no URL', body({ repository: { clone_url: '--upload-pack=touch x' } })],
    ['a repository that is null', body({ repository: null })],
  ])('refuses %s', (_, payload) => {
    expect(code(() => parseWebhook(delivery('github'), payload))).toBe('WEBHOOK_INVALID')
  })
})
