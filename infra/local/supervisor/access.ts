import { renameSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { tokenFile } from './data-folder.ts'
import { apiPort } from './processes.ts'
import type { StackParts } from './stack.ts'

/** How to reach a running stack from this machine. Kept in `<data>/access.json`, 0600. */
export interface Access {
  /** The GraphQL endpoint. */
  readonly url: string
  /** A 0600 file with the bearer token that the hub made at its first start. */
  readonly tokenFile: string
  /** The supervisor's Unix socket: GET /status, GET /events, POST /demo/commit, /demo/drift, /demo/break, /kill, /pause, /resume, /stop. */
  readonly socket: string
  readonly clusters: readonly { readonly name: string; readonly kubeconfig: string }[]
  /** The demo fleet repository; the second URL may push. */
  readonly repository?: { readonly url: string; readonly pushUrl: string }
}

/** Writes the access file and gives what it says. */
export async function writeAccess(parts: StackParts): Promise<Access> {
  const { folder, demo } = parts
  const access: Access = {
    url: `http://127.0.0.1:${await parts.ports.get('api', apiPort)}/graphql`,
    tokenFile: tokenFile(folder),
    socket: folder.socket,
    clusters: parts.clusters.map((name) => ({ name, kubeconfig: join(folder.cluster(name), 'admin.kubeconfig') })),
    ...(demo && { repository: { url: demo.url, pushUrl: demo.pushUrl } }),
  }
  writeFileSync(`${folder.access}.new`, `${JSON.stringify(access, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${folder.access}.new`, folder.access)
  return access
}

/** What a newcomer is told: where it is and three things to try. */
export function accessText(access: Access): string {
  const here = (path: string) => relative(process.cwd(), path) || path
  return [
    `GraphQL   ${access.url}   (bearer token in ${here(access.tokenFile)})`,
    ...access.clusters.map(({ name, kubeconfig }) => `${name.padEnd(9)} kubectl --kubeconfig ${here(kubeconfig)} get pods -A`),
    ...(access.repository ? [`fleet     git clone ${access.repository.url}`] : []),
    '',
    'Try:      npx fairlead get apps',
    '          npx fairlead demo commit     # a new image tag travels from dev to production',
    '          npx fairlead demo drift      # a live edit is seen and healed',
  ].join('\n')
}
