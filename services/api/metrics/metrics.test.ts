import { expect, test } from 'vitest'
import { ApiMetrics } from './api-metrics.ts'
import { textFormat } from './text-format.ts'

test('label values are escaped, families are described', () => {
  const samples = [{ labels: { a: 'x"\\\n', b: 'y' }, value: 1.5 }, { value: 2 }]
  expect(textFormat([{ name: 'fairlead_x', help: 'Help.', type: 'gauge', samples }])).toBe(
    '# HELP fairlead_x Help.\n# TYPE fairlead_x gauge\nfairlead_x{a="x\\"\\\\\\n",b="y"} 1.5\nfairlead_x 2\n',
  )
})

test('requests fall into cumulative buckets', () => {
  const metrics = new ApiMetrics()
  metrics.observeRequest('Fleet', 'ok', 0.03)
  metrics.observeRequest('Fleet', 'ok', 20)
  const text = textFormat(metrics.families())
  expect(text).toContain('fairlead_graphql_request_seconds_bucket{operation="Fleet",status="ok",le="0.025"} 0')
  expect(text).toContain('fairlead_graphql_request_seconds_bucket{operation="Fleet",status="ok",le="0.05"} 1')
  expect(text).toContain('fairlead_graphql_request_seconds_bucket{operation="Fleet",status="ok",le="+Inf"} 2')
  expect(text).toContain('fairlead_graphql_request_seconds_sum{operation="Fleet",status="ok"} 20.03')
})

test('names that clients make up do not become series without end', () => {
  const metrics = new ApiMetrics()
  for (let index = 0; index < 1_000; index++) metrics.observeRequest(`q${index}`, 'ok', 0.01)
  metrics.observeRequest('a"b', 'ok', 0.01)
  const operations = new Set(textFormat(metrics.families()).match(/operation="[^"]*"/g))
  expect(operations.size).toBe(101)
  expect(operations).toContain('operation="other"')
})

test('subscriptions are counted while they last', () => {
  const metrics = new ApiMetrics()
  const left = metrics.subscriberJoined()
  expect(textFormat(metrics.families())).toContain('fairlead_subscription_clients 1\n')
  left()
  expect(textFormat(metrics.families())).toContain('fairlead_subscription_clients 0\n')
})
