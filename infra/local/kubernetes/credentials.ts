import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Who talks to a local API server. Each has a token of its own, so that requests can be told apart in audit logs and metrics. */
export const identities = {
  /** A person with kubectl: everything. */
  admin: { user: 'admin', groups: ['system:masters'] },
  /** Fairlead's agent: cluster-admin by a binding; its own allow-list limits it further. */
  agent: { user: 'fairlead-agent', groups: [] },
  controllerManager: { user: 'system:kube-controller-manager', groups: ['system:masters'] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  kwok: { user: 'kwok', groups: ['system:masters'] },
} as const
export type Identity = keyof typeof identities

export interface ControlPlaneFiles {
  /** For `--token-auth-file`. */
  readonly tokens: string
  readonly serviceAccountKey: string
  readonly serviceAccountPublicKey: string
  readonly certificateDir: string
  /** The API server's own certificate with the authority that signed it; there once it has started. */
  readonly certificate: string
  readonly certificateKey: string
  tokenOf(identity: Identity): string
}

/** Tokens and keys of one control plane, made at its first start and kept. */
export function openCredentials(dir: string): ControlPlaneFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const at = (name: string) => join(dir, name)
  const files = {
    tokens: at('tokens.csv'),
    serviceAccountKey: at('service-account.key'),
    serviceAccountPublicKey: at('service-account.pub'),
    certificateDir: at('certificates'),
    certificate: at('certificates/apiserver.crt'),
    certificateKey: at('certificates/apiserver.key'),
  }
  if (!existsSync(files.serviceAccountPublicKey)) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeSecret(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }) as string)
    writeSecret(files.serviceAccountPublicKey, publicKey.export({ type: 'spki', format: 'pem' }) as string)
  }
  if (!existsSync(files.tokens)) writeSecret(files.tokens, freshTokens())
  dropExpiring(files.certificate)
  const tokens = new Map(
    readFileSync(files.tokens, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(',', 3) as [string, string, string])
      .map(([token, , uid]) => [uid, token]),
  )
  return { ...files, tokenOf: (identity) => tokens.get(identity)! }
}

/** Lines of token, user, uid, "groups"; the uid is our name of the identity. */
function freshTokens(): string {
  const lines = Object.entries(identities).map(([identity, { user, groups }]) =>
    [randomBytes(24).toString('base64url'), user, identity, ...(groups.length > 0 ? [`"${groups.join(',')}"`] : [])].join(','),
  )
  return `${lines.join('\n')}\n`
}

/** The API server signs itself a certificate for one year when there is none. */
function dropExpiring(certificate: string): void {
  if (!existsSync(certificate)) return
  const monthMs = 30 * 24 * 3_600_000
  if (new X509Certificate(readFileSync(certificate)).validToDate.getTime() - monthMs < Date.now()) rmSync(certificate)
}

/** A kubeconfig for one identity. The authority is the one that the API server made for itself, so the connection is verified. */
export function writeKubeconfig(file: string, cluster: string, url: string, certificate: string, token: string): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server: url, 'certificate-authority-data': readFileSync(certificate).toString('base64') } }],
    users: [{ name: cluster, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    'current-context': cluster,
  }
  writeSecret(file, `${JSON.stringify(config, undefined, 2)}\n`)
}

function writeSecret(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
