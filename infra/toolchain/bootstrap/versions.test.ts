import { expect, test } from 'vitest'
import { nodeTooOld } from './require-node.mjs'
import { compareVersions, versionIn } from './versions.mjs'

test.for([
  ['1.26.4', '1.26.4', 0],
  ['1.26', '1.26.0', 0],
  ['v1.36.3', '1.36.3', 0],
  ['1.9.0', '1.10.0', -1],
  ['1.26.4', '1.26.3', 1],
  ['2.0.0', '1.99.99', 1],
  ['24.21.0-nightly.1', '24.21.0', 0],
] as const)('%s against %s is %i', ([a, b, sign]) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
  expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign)
})

test.for([
  ['go version go1.26.8 linux/amd64', '1.26.8'],
  ['git version 2.39.5 (Apple Git-154)', '2.39.5'],
  ['etcd Version: 3.6.16\nGit SHA: Not provided', '3.6.16'],
  ['Kubernetes v1.36.3', '1.36.3'],
  ['nats-server: v2.15.2', '2.15.2'],
  ['kwok version v0.8.0 go1.26.8 (linux/amd64)', '0.8.0'],
  ['unknown', undefined],
] as const)('the version in %j is %s', ([text, version]) => {
  expect(versionIn(text)).toBe(version)
})

test.for(['14.21.3', '18.19.0', '19.9.0'])('Node %s is named as too old, with what is needed and where to get it', (version) => {
  expect(nodeTooOld(version)).toMatch(new RegExp(`Node ${version} is too old.*Node 20 or newer: https://`))
})

test.for(['20.0.0', '22.1.0', '24.21.0'])('Node %s can run the bootstrap', (version) => {
  expect(nodeTooOld(version)).toBeUndefined()
})
