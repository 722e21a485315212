import { expect, test } from 'vitest'
import { normalizeGitUrl } from './git-url.ts'

test.each<[string, string]>([
  ['https://github.com/MyOrg/App.git', 'https://github.com/myorg/app'],
  ['https://github.com/myorg/app', 'https://github.com/myorg/app'],
  [' https://github.com/myorg/app ', 'https://github.com/myorg/app'],
  ['git@github.com:myorg/app.git', 'git@github.com/myorg/app'],
  ['ssh://git@github.com/myorg/app', 'git@github.com/myorg/app'],
  ['ssh://git@github.com:22/myorg/app', 'git@github.com:22/myorg/app'],
  ['oci://registry.test/charts', 'oci://registry.test/charts'],
  ['https://charts.test', 'https://charts.test'],
  ['a b', ''],
  ['*', '*'],
])('%j is %j', (url, normalized) => {
  expect(normalizeGitUrl(url)).toBe(normalized)
})
