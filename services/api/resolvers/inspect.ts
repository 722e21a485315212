import { FairleadError } from '@fairlead/errors'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import type { CommandBody, CommandReply } from '@fairlead/messages'
import type { RequestContext } from '../graphql/context.ts'
import { findApplication } from './application.ts'

/** An agent may have to dry-run every object of an application. */
const agentTimeoutMs = 60_000

/** Asks an application's agent. What it refuses is thrown as it says it. */
async function ask(context: RequestContext, cluster: string, body: CommandBody): Promise<CommandReply> {
  const { agents } = context.parts
  if (!agents) throw new FairleadError('AGENT_UNREACHABLE', 'this hub has no connection to agents', { where: { cluster } })
  context.extend(agentTimeoutMs)
  const reply = await agents.send(cluster, body, { timeoutMs: agentTimeoutMs, signal: context.signal })
  if (reply.outcome === 'refused') throw FairleadError.fromJSON(reply.error as Parameters<typeof FairleadError.fromJSON>[0])
  return reply
}

async function placed(context: RequestContext, name: string) {
  const node = await findApplication(context, name, undefined)
  if (!node) throw new FairleadError('APPLICATION_NOT_FOUND', `there is no application ${name}`)
  const { row } = node
  if (row.cluster === null) throw new FairleadError('CLUSTER_NOT_FOUND', `no cluster of the destination of ${row.name} has joined`)
  return { row, cluster: row.cluster as ClusterId }
}

/** A dry run of what Git wants against what runs. */
async function diff(_: unknown, { application }: { application: string }, context: RequestContext) {
  const { row, cluster } = await placed(context, application)
  const where = { application: row.id, cluster }
  const render = row.render_from === null ? undefined : await context.loads(undefined).render({ id: row.id, valid_from: row.render_from })
  if (!render) throw new FairleadError('REVISION_NOT_FOUND', `${row.name} has not been rendered yet`, { where })
  const reply = await ask(context, cluster, { type: 'diff', application: row.id as ApplicationId, bundle: render.bundle as Digest })
  if (reply.outcome !== 'diff') throw new FairleadError('AGENT_REFUSED', `the agent answered a diff with ${reply.outcome}`, { where })
  return { revision: render.revision, objects: reply.objects }
}

interface RefInput {
  readonly group: string
  readonly kind: string
  readonly namespace?: string | null
  readonly name: string
}

/** The live object, if the application has it: through an application one sees its own objects only. */
async function liveObject(_: unknown, { application, ref }: { application: string; ref: RefInput }, context: RequestContext) {
  const { row, cluster } = await placed(context, application)
  const own = ((await context.loads(undefined).resources(row.id)) ?? []).filter(
    (each) =>
      each.grp === ref.group &&
      each.kind === ref.kind &&
      each.name === ref.name &&
      (ref.namespace == null || each.namespace === ref.namespace),
  )
  const [resource, ...others] = own
  if (!resource)
    throw new FairleadError('NOT_FOUND', `${row.name} has no ${ref.kind}/${ref.name}`, { where: { application: row.id, cluster } })
  if (others.length > 0)
    throw new FairleadError('BAD_USER_INPUT', `${row.name} has ${own.length} objects ${ref.kind}/${ref.name}`, {
      next: 'name the namespace',
    })
  const { grp: group, kind, namespace, name, api_version: apiVersion } = resource
  const reply = await ask(context, cluster, { type: 'get', ref: { group, kind, namespace, name }, apiVersion })
  return reply.outcome === 'object' ? reply.manifest : null
}

export const inspectResolvers = { Query: { diff, liveObject } }
