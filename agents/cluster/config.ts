import { FairleadError } from '@fairlead/errors'
import { ClusterId } from '@fairlead/manifests'
import { z } from 'zod'
import { fleetReconnect, type ReconnectPolicy } from './hub/backoff.ts'
import { type AgentPolicy, openPolicy, readPolicy } from './policy/policy.ts'

/** How an agent is set up. */
export interface AgentConfig {
  readonly cluster: string
  readonly natsUrl: string
  /** Folder for identity, journal, spool and blobs; made 0700. */
  readonly dataDir: string
  /** Path; undefined = the pod's service account. */
  readonly kubeconfig: string | undefined
  readonly joinCreds: string | undefined
  readonly joinTokenFile: string | undefined
  readonly policy: AgentPolicy
  /** Requests to the API server on their way at one time. */
  readonly concurrency: number
  readonly reconnect: ReconnectPolicy
  readonly heartbeatMs: number
  /** Above this the spool gives up its oldest status reports. */
  readonly spoolBytes: number
  /** Port for /metrics on the loopback; undefined = none. */
  readonly metricsPort: number | undefined
  /** What the hub is told about this cluster on joining. */
  readonly labels: Readonly<Record<string, string>>
}

const whole = z.coerce.number().int().nonnegative()

const Environment = z.object({
  FAIRLEAD_CLUSTER: ClusterId,
  FAIRLEAD_NATS_URL: z.string().min(1),
  FAIRLEAD_STATE: z.string().min(1),
  KUBECONFIG: z.string().min(1).optional(),
  FAIRLEAD_NATS_JOIN_CREDS: z.string().min(1).optional(),
  FAIRLEAD_JOIN_TOKEN_FILE: z.string().min(1).optional(),
  FAIRLEAD_AGENT_POLICY: z.string().min(1).optional(),
  FAIRLEAD_CONCURRENCY: whole.min(1).max(500).default(20),
  /** Longest first wait before reconnecting; a local stack sets it low, a fleet leaves it. */
  FAIRLEAD_RECONNECT_JITTER_MS: whole.min(10).default(fleetReconnect.jitterMs),
  FAIRLEAD_RECONNECT_CAP_MS: whole.min(100).default(fleetReconnect.capMs),
  FAIRLEAD_HEARTBEAT_MS: whole.min(100).default(10_000),
  FAIRLEAD_SPOOL_BYTES: whole.min(1024 * 1024).default(64 * 1024 * 1024),
  FAIRLEAD_METRICS_PORT: whole.max(65_535).optional(),
  /** `key=value` pairs, comma separated. */
  FAIRLEAD_CLUSTER_LABELS: z.string().default(''),
})

/** Reads the agent's configuration from environment variables. Throws `BAD_USER_INPUT` naming the variable. */
export function readConfig(env: NodeJS.ProcessEnv): AgentConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new FairleadError('BAD_USER_INPUT', `${issue?.path.join('.')}: ${issue?.message}`)
  }
  const {
    FAIRLEAD_CLUSTER: cluster,
    FAIRLEAD_NATS_URL: natsUrl,
    FAIRLEAD_STATE: dataDir,
    KUBECONFIG: kubeconfig,
    FAIRLEAD_NATS_JOIN_CREDS: joinCreds,
    FAIRLEAD_JOIN_TOKEN_FILE: joinTokenFile,
    ...rest
  } = parsed.data
  return {
    cluster,
    natsUrl,
    dataDir,
    kubeconfig,
    joinCreds,
    joinTokenFile,
    policy: rest.FAIRLEAD_AGENT_POLICY === undefined ? openPolicy : readPolicy(rest.FAIRLEAD_AGENT_POLICY),
    concurrency: rest.FAIRLEAD_CONCURRENCY,
    reconnect: { jitterMs: rest.FAIRLEAD_RECONNECT_JITTER_MS, capMs: rest.FAIRLEAD_RECONNECT_CAP_MS },
    heartbeatMs: rest.FAIRLEAD_HEARTBEAT_MS,
    spoolBytes: rest.FAIRLEAD_SPOOL_BYTES,
    metricsPort: rest.FAIRLEAD_METRICS_PORT,
    labels: labelsOf(rest.FAIRLEAD_CLUSTER_LABELS),
  }
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='))
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()]))
}
