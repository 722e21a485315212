import { FairleadError } from '@fairlead/errors'
import { type ApplicationSpec, type AppProjectSpec, explainRefusal, homeServer, type ObjectRef, projectAllows } from '@fairlead/manifests'
import type { JoinedCluster } from './destination.ts'

/** Refusals named in one message; the rest is counted. */
const shown = 3

/**
 * Why an application's project does not allow what it renders to; undefined when it does. A project that nobody declares allows nothing,
 * except `default`, which allows everything (Argo CD).
 * @param cluster where it goes, if that is known
 * @param isHome the cluster is also known as `https://kubernetes.default.svc`
 */
export function projectVerdict(
  spec: ApplicationSpec,
  objects: readonly ObjectRef[],
  project: AppProjectSpec | undefined,
  cluster: JoinedCluster | undefined,
  isHome: boolean,
): FairleadError | undefined {
  const where = { application: spec.id, file: spec.declaredAt.path, line: spec.declaredAt.line }
  if (!project) {
    if (spec.project === 'default') return undefined
    return new FairleadError('PROJECT_DENIED', `project ${spec.project} is not declared`, {
      where,
      next: `declare an AppProject ${spec.project}, or name another project`,
    })
  }
  const name = cluster?.id ?? spec.destination.name ?? ''
  const servers = new Set(
    [spec.destination.server, cluster?.server, isHome ? homeServer : undefined].filter((server) => server !== undefined),
  )
  const judged = [...(servers.size > 0 ? servers : [''])].map((server) => projectAllows(project, spec, objects, { name, server }))
  if (judged.some((refusals) => refusals.length === 0)) return undefined
  const refusals = judged[0]!
  const reasons = refusals.slice(0, shown).map((refusal) => explainRefusal(project.name, refusal))
  if (refusals.length > shown) reasons.push(`and ${refusals.length - shown} more`)
  return new FairleadError('PROJECT_DENIED', reasons.join('; '), { where })
}
