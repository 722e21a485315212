import { type Digest, homeServer } from '@fairlead/manifests'
import { refsOf } from '../application/cache-entry.ts'
import { applicationEvents, type KnownApplication, type RenderOutcome } from '../diff/changes.ts'
import { type JoinedCluster, resolveCluster } from '../diff/destination.ts'
import type { Round, RoundApplication } from '../diff/round.ts'
import { projectVerdict } from '../diff/verdict.ts'
import type { Evaluated, Evaluation } from './evaluate.ts'
import type { Settled } from './settled.ts'

/**
 * An evaluation with destinations resolved and projects consulted. Applications that the log is level with are left out.
 * @param settled remembers them from round to round
 */
export function toRound(
  evaluation: Evaluation,
  known: ReadonlyMap<string, KnownApplication>,
  clusters: readonly JoinedCluster[],
  settled: Settled,
): Pick<Round, 'applications' | 'removed' | 'projects' | 'complete' | 'failures' | 'warnings'> {
  const { removed, projects, complete, failures, warnings } = evaluation
  const applications: RoundApplication[] = []
  for (const evaluated of settled.open(evaluation, known, clusters)) {
    const knowledge = known.get(evaluated.spec.id)
    const application = judged(evaluated, evaluation, knowledge, clusters)
    const isLevel = knowledge && application.outcome?.ok && applicationEvents(knowledge, application).length === 0
    if (!isLevel) applications.push(application)
    else if (evaluated.kept === undefined) settled.note(evaluated, evaluation, knowledge)
  }
  return { applications, removed, projects, complete, failures, warnings }
}

function judged(
  evaluated: Evaluated,
  { projects }: Evaluation,
  known: KnownApplication | undefined,
  clusters: readonly JoinedCluster[],
): RoundApplication {
  const { spec, fleet, kept, preparation, entry } = evaluated
  const home = resolveCluster({ server: homeServer, namespace: '' }, clusters, fleet?.homeCluster)
  // One that was not seen goes where it went: its fleet, and so its home cluster, is not known.
  const cluster = kept && known ? known.cluster : resolveCluster(spec.destination, clusters, fleet?.homeCluster)
  const repositories = [...preparation.sources.map(({ repository }) => repository.id), ...(fleet ? [fleet.repository] : [])]
  const { revision } = preparation
  let outcome: RenderOutcome | undefined
  if (entry.ok) {
    const { bundle, objects, images, places } = entry.entry
    const joined = clusters.find(({ id }) => id === cluster)
    const denied = projectVerdict(spec, refsOf(places), projects.get(spec.project), joined, cluster !== null && cluster === home)
    outcome = denied ? { ok: false, revision, error: denied } : { ok: true, revision, bundle: bundle as Digest, objects, images }
  } else if (entry.error.code !== 'SOURCE_UNREACHABLE' || !known?.bundle) {
    // A repository that is away is one event of the repository, not one of each of its applications.
    outcome = { ok: false, revision, error: entry.error }
  }
  return { spec, cluster, outcome, repositories }
}
