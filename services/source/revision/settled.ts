import type { KnownApplication } from '../diff/changes.ts'
import type { JoinedCluster } from '../diff/destination.ts'
import type { Evaluated, Evaluation } from './evaluate.ts'

/** All that an application's events are decided from, besides what the log knows of it and the commit, which alone is nothing new. */
interface Basis extends Pick<Evaluated, 'spec' | 'fleet' | 'entry'> {
  readonly project: ReturnType<Evaluation['projects']['get']>
  readonly clusters: readonly JoinedCluster[]
}

/** Remembers of which applications there was nothing to say, so that they are not judged again while nothing they are judged by is another. */
export class Settled {
  /** What the log knows is a new value with each event. */
  readonly #bases = new WeakMap<KnownApplication, Basis>()
  #clusters: readonly JoinedCluster[] = []

  /** Those that something may have to be said of. */
  open(
    { applications, projects }: Evaluation,
    known: ReadonlyMap<string, KnownApplication>,
    clusters: readonly JoinedCluster[],
  ): Evaluated[] {
    this.#clusters = same(this.#clusters, clusters) ? this.#clusters : clusters
    const open: Evaluated[] = []
    for (const [id, evaluated] of applications) {
      const knowledge = known.get(id)
      const basis = knowledge && this.#bases.get(knowledge)
      const settled =
        basis &&
        basis.entry === evaluated.entry &&
        basis.spec === evaluated.spec &&
        basis.fleet === evaluated.fleet &&
        basis.project === projects.get(evaluated.spec.project) &&
        basis.clusters === this.#clusters
      if (!settled) open.push(evaluated)
    }
    return open
  }

  /** There was nothing to say of this one. */
  note({ spec, fleet, entry }: Evaluated, { projects }: Evaluation, known: KnownApplication): void {
    this.#bases.set(known, { spec, fleet, entry, project: projects.get(spec.project), clusters: this.#clusters })
  }
}

function same(a: readonly JoinedCluster[], b: readonly JoinedCluster[]): boolean {
  return a.length === b.length && a.every((cluster, i) => cluster === b[i])
}
