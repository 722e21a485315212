import type { MetricFamily, Sample } from './text-format.ts'

/** Upper bounds in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Operation names that get series of their own; what comes later counts as `other`. */
const maxOperations = 100
const operationName = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/

/** What the API counts of itself. */
export class ApiMetrics {
  readonly #requests = new Map<string, { operation: string; status: string; counts: number[]; sum: number; count: number }>()
  readonly #operations = new Set<string>()
  #subscribers = 0
  #refused = 0

  observeRequest(name: string, status: 'ok' | 'error', seconds: number): void {
    const operation = this.#label(name)
    const key = `${operation} ${status}`
    const series = this.#requests.get(key) ?? { operation, status, counts: buckets.map(() => 0), sum: 0, count: 0 }
    this.#requests.set(key, series)
    for (const [index, bound] of buckets.entries()) if (seconds <= bound) series.counts[index]!++
    series.sum += seconds
    series.count++
  }

  /** Gives what ends the subscription. */
  subscriberJoined(): () => void {
    this.#subscribers++
    return () => {
      this.#subscribers--
    }
  }

  /** A request without a valid token. */
  refused(): void {
    this.#refused++
  }

  families(): MetricFamily[] {
    const requests = [...this.#requests.values()].flatMap(({ operation, status, counts, sum, count }): Sample[] => {
      const labels = { operation, status }
      return [
        ...buckets.map((bound, index) => ({ suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: counts[index]! })),
        { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ]
    })
    return [
      { name: 'fairlead_graphql_request_seconds', help: 'Time of GraphQL queries and mutations.', type: 'histogram', samples: requests },
      {
        name: 'fairlead_subscription_clients',
        help: 'Open GraphQL subscriptions.',
        type: 'gauge',
        samples: [{ value: this.#subscribers }],
      },
      {
        name: 'fairlead_unauthenticated_requests_total',
        help: 'Requests without a valid token.',
        type: 'counter',
        samples: [{ value: this.#refused }],
      },
    ]
  }

  #label(name: string): string {
    if (!operationName.test(name)) return 'other'
    if (!this.#operations.has(name) && this.#operations.size >= maxOperations) return 'other'
    this.#operations.add(name)
    return name
  }
}
