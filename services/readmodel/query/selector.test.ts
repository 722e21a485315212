import { describe, expect, test } from 'vitest'
import { parseSelector } from './selector.ts'

describe('label selectors', () => {
  test.each([
    ['team=shop', [{ key: 'team', operator: 'in', values: ['shop'] }]],
    ['team == shop', [{ key: 'team', operator: 'in', values: ['shop'] }]],
    ['env!=prod', [{ key: 'env', operator: 'notin', values: ['prod'] }]],
    ['tier in (edge, core)', [{ key: 'tier', operator: 'in', values: ['edge', 'core'] }]],
    ['tier notin (edge)', [{ key: 'tier', operator: 'notin', values: ['edge'] }]],
    ['owner', [{ key: 'owner', operator: 'exists' }]],
    ['!owner', [{ key: 'owner', operator: 'absent' }]],
    [
      'app.kubernetes.io/name=web, !frozen',
      [
        { key: 'app.kubernetes.io/name', operator: 'in', values: ['web'] },
        { key: 'frozen', operator: 'absent' },
      ],
    ],
    ['', []],
  ])('%s', (text, requirements) => {
    expect(parseSelector(text)).toEqual(requirements)
  })

  test.each(['=shop', "team='; DROP TABLE x", 'a b', 'tier in edge', '!', '-x=1'])('%s is refused', (text) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
  })
})
