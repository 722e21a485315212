import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { z } from 'zod'

const globs = z.array(z.string().min(1))
const kind = z.strictObject({
  /** API group; `*` in it stands for anything, '' is the core group. */
  group: z.string(),
  kind: z.string(),
})

/**
 * What this agent lets the hub do on its cluster, from a file that only the cluster's owner writes. It holds even against correctly signed
 * commands (threat T6: a compromised hub). Without a file everything is allowed that the agent's own Kubernetes credentials allow.
 */
export const AgentPolicy = z.strictObject({
  namespaces: z.strictObject({ allow: globs.default(['*']), deny: globs.default([]) }).prefault({}),
  kinds: z.strictObject({ allow: z.array(kind).default([{ group: '*', kind: '*' }]), deny: z.array(kind).default([]) }).prefault({}),
  /** May objects that live in no namespace be applied or deleted. */
  clusterScoped: z.boolean().default(true),
  /** The most objects that one plan may delete; null = no limit of the agent's own. */
  maxPrunes: z.int().nonnegative().nullable().default(null),
})
export type AgentPolicy = z.infer<typeof AgentPolicy>

export const openPolicy: AgentPolicy = AgentPolicy.parse({})

/** Reads a policy file (JSON). Throws `BAD_USER_INPUT`: an agent whose policy cannot be read must not start. */
export function readPolicy(path: string): AgentPolicy {
  try {
    return AgentPolicy.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new FairleadError('BAD_USER_INPUT', `the agent policy ${path} cannot be read`, { cause })
  }
}
