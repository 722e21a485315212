import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { FairleadError } from '@fairlead/errors'
import type { RepositoryUrl } from './url.ts'

/** Where a hub may connect to in order to fetch a repository. */
export interface NetworkPolicy {
  /** `public`: not to loopback, link-local, private or otherwise special addresses. `any`: the network is somebody else's task. */
  readonly reach: 'public' | 'any'
  /** Host names that may point anywhere, such as the company's Git server. */
  readonly trustedHosts: readonly string[]
}

const special = new BlockList()
// IANA special-purpose address registries (RFC 6890 and its updates).
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  special.addSubnet(net, bits, 'ipv4')
}
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  special.addSubnet(net, bits, 'ipv6')
}

/** Is the address one that anybody on the Internet could mean? IPv4 inside IPv6 is judged as IPv4. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 0) return false
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return isPublicAddress(mapped[1]!)
  if (/^::ffff:/i.test(address)) return false
  return !special.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/**
 * The address that git is to connect to for this repository, resolved now and pinned, so that a name that points elsewhere a moment
 * later changes nothing; undefined where nothing is pinned. Throws `SOURCE_URL_REFUSED` when the name points to a special address.
 */
export async function guardedAddress(url: RepositoryUrl, policy: NetworkPolicy): Promise<string | undefined> {
  if (url.transport === 'file' || policy.reach === 'any' || policy.trustedHosts.includes(url.host)) return undefined
  let addresses: string[]
  try {
    addresses = isIP(url.host) ? [url.host] : (await lookup(url.host, { all: true })).map((found) => found.address)
  } catch (cause) {
    throw new FairleadError('SOURCE_UNREACHABLE', 'the host of the repository cannot be resolved', { cause })
  }
  if (addresses.length === 0 || !addresses.every(isPublicAddress)) {
    throw new FairleadError('SOURCE_URL_REFUSED', 'the repository URL is refused: its host is not a public address', {
      next: 'add the host to the trusted hosts of the source configuration',
    })
  }
  return addresses[0]
}
