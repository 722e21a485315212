import { join } from 'node:path'
import { programPath } from '../process/program-path.ts'
import { tokenFile } from './data-folder.ts'
import { openHubKeys, openJoinTokens } from './keys.ts'
import type { NodeProcess } from './node-process.ts'
import type { StackParts } from './stack.ts'

/** Where the API listens when nobody else does. */
export const apiPort = 7480

/** Where the hub takes webhooks in GitHub's form. */
export const hookPath = '/hooks/github'

/**
 * Fairlead's own processes, in the order in which they come up. Each finds all it needs in its environment:
 *
 * | variable | for | is |
 * |---|---|---|
 * | DATABASE_URL | hub, ingest, worker | the ledger's database |
 * | FAIRLEAD_NATS_URL | all | the bus |
 * | FAIRLEAD_NATS_CREDS | hub, ingest, worker | credentials of the hub's user; inbox prefix `_INBOX.hub` |
 * | FAIRLEAD_SIGNING_KEY, FAIRLEAD_DATA_KEY | hub, ingest, worker | files: what signs commands to agents, what seals bundles at rest |
 * | FAIRLEAD_NATS_SYSTEM_CREDS, FAIRLEAD_NATS_ACCOUNT, FAIRLEAD_NATS_ACCOUNT_SEED, FAIRLEAD_NATS_OPERATOR_SEED | ingest | to admit and revoke clusters: files, and the account's public key |
 * | FAIRLEAD_TEMPORAL_ADDRESS, FAIRLEAD_TEMPORAL_NAMESPACE | hub, worker | |
 * | FAIRLEAD_STATE | all | a folder of their own, 0700 |
 * | FAIRLEAD_HTTP_PORT | hub | where the API listens |
 * | FAIRLEAD_TOKEN_FILE | hub | where it keeps the owner's token, which it makes at its first start |
 * | FAIRLEAD_RENDERER | hub | the renderer's executable |
 * | FAIRLEAD_JOIN_DIR | ingest | a folder with `<cluster>.token` files, each admitted once |
 * | FAIRLEAD_FLEET_REPOSITORY, FAIRLEAD_FLEET_PATH, FAIRLEAD_HOME_CLUSTER, FAIRLEAD_WEBHOOK_SECRET_FILE | hub, with a demo | what to follow and where in it the declarations are, what `https://kubernetes.default.svc` means in it, how its pushes are signed |
 * | FAIRLEAD_CLUSTER, KUBECONFIG, FAIRLEAD_NATS_JOIN_CREDS, FAIRLEAD_JOIN_TOKEN_FILE | agent | |
 * | FAIRLEAD_TRUSTED_GIT_HOSTS, FAIRLEAD_GIT_FILE_ROOTS | hub | comma-separated: Git hosts that may be on a private network and speak plain HTTP; folders below which file URLs are allowed |
 * | FAIRLEAD_HEADS_INTERVAL_MS | hub | how often the signed head of the log is published while the log grows, 10000; always into `heads.jsonl` of its folder, and into all of: |
 * | FAIRLEAD_HEADS_FILE | hub | one more file, on a disk that the database's owner cannot write |
 * | FAIRLEAD_HEADS_GIT, …_BRANCH, …_TOKEN_FILE, …_INTERVAL_MS | hub | a Git repository that takes pushes: its URL without credentials, the branch (main), a file with `token` or `user:token` for https, least time between two commits (300000) |
 * | FAIRLEAD_HEADS_URL, FAIRLEAD_HEADS_URL_TOKEN_FILE | hub | an HTTP endpoint that gets each head as a POST, and a file with its bearer token |
 * | FAIRLEAD_HEADS_KEY, FAIRLEAD_HEADS_PREVIOUS_KEY, FAIRLEAD_HEADS_OVERLAP_MS | hub | files: what signs heads, FAIRLEAD_SIGNING_KEY; what signed them before, at the first start with another one; how long that one stays valid, 30 days |
 * | FAIRLEAD_HEALTH_PORT | all | GET /readyz there answers 200 when it works |
 */
export function fairleadProcesses(clusters: readonly string[]): NodeProcess[] {
  return [
    { name: 'hub', file: 'infra/local/hub.ts', environment: hub, ready: { http: '/readyz' } },
    { name: 'ingest', file: 'services/ingest/main.ts', environment: ingest, ready: { http: '/readyz' } },
    { name: 'worker', file: 'workflows/worker/main.ts', environment: worker, ready: { http: '/readyz' } },
    ...clusters.map((cluster) => ({
      name: `agent-${cluster}`,
      file: 'agents/cluster/main.ts',
      environment: (parts: StackParts) => agent(parts, cluster),
      ready: { http: '/readyz' },
    })),
  ]
}

async function hub(parts: StackParts): Promise<Record<string, string>> {
  const [shared, temporal, renderer] = await Promise.all([bus(parts), workflows(parts), programPath('renderer')])
  return {
    ...shared,
    ...temporal,
    FAIRLEAD_STATE: parts.folder.process('hub'),
    FAIRLEAD_HTTP_PORT: String(await parts.ports.get('api', apiPort)),
    FAIRLEAD_TOKEN_FILE: tokenFile(parts.folder),
    FAIRLEAD_RENDERER: renderer,
    ...(parts.demo && {
      FAIRLEAD_FLEET_REPOSITORY: parts.demo.url,
      FAIRLEAD_FLEET_PATH: 'bootstrap',
      FAIRLEAD_TRUSTED_GIT_HOSTS: '127.0.0.1',
      FAIRLEAD_HOME_CLUSTER: parts.clusters[0] ?? '',
      FAIRLEAD_WEBHOOK_SECRET_FILE: parts.demo.webhookSecretFile,
    }),
  }
}

async function ingest(parts: StackParts): Promise<Record<string, string>> {
  const FAIRLEAD_JOIN_DIR = openJoinTokens(parts.folder, parts.clusters)
  return { ...(await bus(parts)), ...(await admit(parts)), FAIRLEAD_STATE: parts.folder.process('ingest'), FAIRLEAD_JOIN_DIR }
}

async function worker(parts: StackParts): Promise<Record<string, string>> {
  return { ...(await bus(parts)), ...(await workflows(parts)), FAIRLEAD_STATE: parts.folder.process('worker') }
}

/** glibc keeps a heap for each thread otherwise, and raises by itself the size from which memory goes back at once: a burst then costs for ever. */
const allocator = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' }

async function agent(parts: StackParts, cluster: string): Promise<Record<string, string>> {
  const [nats, place] = await Promise.all([parts.nats(), parts.cluster(cluster), parts.process('ingest')])
  return {
    FAIRLEAD_CLUSTER: cluster,
    KUBECONFIG: place.agentKubeconfigPath,
    FAIRLEAD_NATS_URL: nats.url,
    FAIRLEAD_NATS_JOIN_CREDS: nats.security.files.joinCreds,
    FAIRLEAD_JOIN_TOKEN_FILE: join(openJoinTokens(parts.folder, parts.clusters), `${cluster}.token`),
    FAIRLEAD_STATE: parts.folder.process(join('agents', cluster)),
    ...allocator,
    // A handful of agents on one machine may come back all at once.
    FAIRLEAD_RECONNECT_JITTER_MS: '250',
    FAIRLEAD_RECONNECT_CAP_MS: '2000',
  }
}

async function bus(parts: StackParts): Promise<Record<string, string>> {
  const [databaseUrl, nats] = await Promise.all([parts.database(), parts.nats()])
  const { signingKey, dataKey } = openHubKeys(parts.folder)
  return {
    DATABASE_URL: databaseUrl,
    FAIRLEAD_NATS_URL: nats.url,
    FAIRLEAD_NATS_CREDS: nats.security.files.hubCreds,
    FAIRLEAD_SIGNING_KEY: signingKey,
    FAIRLEAD_DATA_KEY: dataKey,
  }
}

async function admit(parts: StackParts): Promise<Record<string, string>> {
  const { security } = await parts.nats()
  return {
    FAIRLEAD_NATS_SYSTEM_CREDS: security.files.systemCreds,
    FAIRLEAD_NATS_ACCOUNT: security.fleetAccount,
    FAIRLEAD_NATS_ACCOUNT_SEED: security.files.accountSeed,
    FAIRLEAD_NATS_OPERATOR_SEED: security.files.operatorSeed,
  }
}

async function workflows(parts: StackParts): Promise<Record<string, string>> {
  const temporal = await parts.temporal()
  return { FAIRLEAD_TEMPORAL_ADDRESS: temporal.address, FAIRLEAD_TEMPORAL_NAMESPACE: temporal.namespace }
}
