import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { errorCodes, FairleadError, Redacted } from './index.ts'

describe('FairleadError', () => {
  test('travels as JSON and comes back the same', () => {
    const error = new FairleadError('SYNC_REFUSED', 'Deployment shop/checkout was refused', {
      cause: new Error('field is immutable'),
      where: { application: 'checkout', file: 'deployment.yaml', line: 3 },
    })
    const back = FairleadError.fromJSON(JSON.parse(JSON.stringify(error)))
    expect(back.toJSON()).toEqual(error.toJSON())
    expect(error.toJSON()).toMatchObject({ cause: 'field is immutable', next: errorCodes.SYNC_REFUSED.next, retryable: false })
  })

  test('a foreign error becomes INTERNAL and keeps its cause', () => {
    const cause = new TypeError('boom')
    expect(FairleadError.from(cause)).toMatchObject({ code: 'INTERNAL', cause })
    expect(FairleadError.from('text').message).toBe('text')
  })

  test('knowledge of where is added from outside in, what is known first wins', () => {
    const error = new FairleadError('YAML_SYNTAX', 'bad indentation', { where: { line: 3 } })
    expect(error.at({ file: 'a.yaml', line: 99 }).where).toEqual({ file: 'a.yaml', line: 3 })
  })

  test('a long cause is cut', () => {
    const error = new FairleadError('RENDER_HELM', 'x', { cause: 'y'.repeat(5_000) })
    expect(error.toJSON().cause?.length).toBe(2_001)
  })

  test('every code says what to do next', () => {
    for (const [code, entry] of Object.entries(errorCodes)) expect(entry.next, code).not.toBe('')
  })
})

test('a redacted value shows itself nowhere', () => {
  const secret = new Redacted('hunter2')
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9 }),
    `${secret}`,
    inspect(secret, { showHidden: true }),
  ]
  for (const text of shown) expect(text).not.toContain('hunter2')
  expect(secret.reveal()).toBe('hunter2')
})
