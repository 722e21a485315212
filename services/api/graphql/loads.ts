import { type ClusterRollup, type Freshness, freshnessOf, type Queries, type ReadModel } from '@fairlead/readmodel'
import { batched, grouped, inOrder } from './batch.ts'

export interface LoadsOptions {
  readonly queries: Queries
  readonly readModel: Pick<ReadModel, 'presenceOf'>
  readonly visible: readonly string[] | undefined
  /** Position of the past that is asked for; undefined: now. */
  readonly at: number | undefined
}

interface Reference {
  readonly id: string
  readonly valid_from: number
}

const referenceName = ({ id, valid_from }: Reference): string => `${id}@${valid_from}`
const itself = (key: string): string => key

/** What fields of nested rows need, batched: each kind of thing is read at most once per level of a query. */
export class Loads {
  readonly at: number | undefined
  readonly spec
  readonly render
  /** By `<operation>|<application>`. */
  readonly part
  readonly plans
  readonly steps
  /** The parts of an operation. */
  readonly partsOfOperation
  readonly resources
  /** By application and how many. */
  readonly drifts
  readonly partPage
  readonly cluster
  readonly seen
  readonly rollup
  /** By id or name. */
  readonly application

  constructor({ queries, readModel, visible, at }: LoadsOptions) {
    this.at = at
    this.spec = batched(
      async (keys: readonly Reference[]) => inOrder(keys, await queries.specsOf(keys), referenceName, referenceName),
      referenceName,
    )
    this.render = batched(
      async (keys: readonly Reference[]) => inOrder(keys, await queries.rendersOf(keys), referenceName, referenceName),
      referenceName,
    )
    this.part = batched(
      async (keys: readonly string[]) => inOrder(keys, await queries.partsByIds(keys, at), (part) => part.id, itself),
      itself,
    )
    this.plans = batched(
      async (keys: readonly string[]) =>
        grouped(keys, await queries.plansOf(keys, at), ({ operation, application }) => `${operation}|${application}`),
      itself,
    )
    this.steps = batched(
      async (keys: readonly string[]) =>
        grouped(keys, await queries.stepsOf(keys, at), ({ operation, application }) => `${operation}|${application}`),
      itself,
    )
    this.partsOfOperation = batched(
      async (keys: readonly string[]) =>
        grouped(keys, await queries.partsOf({ operations: keys, visible }, at, 10_000), (part) => part.operation),
      itself,
    )
    this.resources = batched(
      async (keys: readonly string[]) => grouped(keys, await queries.resourcesOf(keys, at), (row) => row.application),
      itself,
    )
    this.drifts = batched(
      async (keys: readonly { application: string; first: number }[]) => {
        const most = Math.max(...keys.map(({ first }) => first))
        const applications = [...new Set(keys.map(({ application }) => application))]
        const rows = grouped(applications, await queries.driftsOf(applications, at, most), (row) => row.application)
        return keys.map(({ application, first }) => rows[applications.indexOf(application)]?.slice(0, first))
      },
      ({ application, first }) => `${application}:${first}`,
    )
    this.partPage = batched(
      async (keys: readonly PartPageKey[]) => {
        const { by, first, before } = keys[0]!
        // Fields of one level mostly ask alike; what differs is read for itself.
        const alike = keys.filter((key) => key.by === by && key.first === first && key.before === before)
        const pages = await queries.partPagesOf(
          by,
          alike.map(({ key }) => key),
          visible,
          at,
          { first, before },
        )
        const others = await Promise.all(
          keys.map(async (key) => (alike.includes(key) ? undefined : (await queries.partPagesOf(key.by, [key.key], visible, at, key))[0])),
        )
        return keys.map((key, index) => others[index] ?? pages.find((page) => page.key === key.key))
      },
      ({ by, key, first, before }) => JSON.stringify([by, key, first, before]),
    )
    this.cluster = batched(
      async (keys: readonly string[]) => inOrder(keys, await queries.clustersByIds(keys, at), (row) => row.id, itself),
      itself,
    )
    this.seen = batched(async (keys: readonly string[]) => {
      // Presence has no past: then the log alone decides.
      const seen = at === undefined ? await readModel.presenceOf(keys) : new Map()
      return keys.map((key) => seen.get(key))
    }, itself)
    this.rollup = batched<string, ClusterRollup[]>(
      async (keys) => grouped(keys, await queries.rollupsOf(keys, visible, at), (row) => row.cluster),
      itself,
    )
    this.application = batched(async (keys: readonly string[]) => {
      const rows = (await queries.applicationsByNames(keys, at)).filter((row) => visible === undefined || visible.includes(row.project))
      return keys.map((key) => {
        const byId = rows.find((row) => row.id === key)
        const named = rows.filter((row) => row.name === key && !row.gone)
        return byId ?? (named.length === 1 ? named[0] : undefined)
      })
    }, itself)
  }

  async freshness(cluster: string | null): Promise<Freshness> {
    if (cluster === null) return 'Live'
    const [row, seen] = await Promise.all([this.cluster(cluster), this.seen(cluster)])
    return freshnessOf(row ?? { connected: false }, seen, new Date())
  }
}

export interface PartPageKey {
  readonly by: 'application' | 'operation'
  readonly key: string
  readonly first: number
  /** `started_from` of the last part of the page before. */
  readonly before?: number | undefined
}
