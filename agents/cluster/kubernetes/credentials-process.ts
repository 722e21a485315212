// A process of its own, because the library that reads kubeconfigs takes 90 MB of memory and is needed for a moment only.
// Usage: node credentials-process.ts [kubeconfig]; writes `ClusterAccess` as JSON to standard output.
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import type { ClusterAccess } from './credentials.ts'

const path = process.argv[2]
const config = new KubeConfig()
if (path === undefined || path === '') config.loadFromCluster()
else config.loadFromFile(path)

const cluster = config.getCurrentCluster()
if (!cluster) throw new Error('the kubeconfig names no current cluster')
const options: RequestOptions = {}
await config.applyToHTTPSOptions(options)
const user = config.getCurrentUser()
const headers = Object.entries((options.headers ?? {}) as Record<string, string | string[]>).map(([name, value]) => [name, String(value)])
const basic = options.auth ? [['Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`]] : []
const text = (value: unknown) => (value === undefined || value === null ? undefined : value.toString())

const access: ClusterAccess = {
  server: cluster.server,
  ca: text(options.ca),
  cert: text(options.cert),
  key: text(options.key),
  servername: options.servername ?? cluster.tlsServerName,
  skipTlsVerify: cluster.skipTLSVerify === true,
  headers: Object.fromEntries([...headers, ...basic]),
  // A plain token or certificate stays as it is; what a program, a provider or a rotated file supplies has to be asked for again.
  expires: user?.exec !== undefined || user?.authProvider !== undefined,
}
process.stdout.write(JSON.stringify(access))
