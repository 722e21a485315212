import { EnvelopArmor } from '@escape.tech/graphql-armor'
import type { GraphQLError } from 'graphql'
import { createYoga, type Plugin, useExecutionCancellation } from 'graphql-yoga'
import type { Denials } from '../denials.ts'
import type { ApiMetrics } from '../metrics/api-metrics.ts'
import type { ApiParts } from '../ports.ts'
import { type RequestFacts, requestContext } from './context.ts'
import { maskError } from './errors.ts'
import { nodeLimit } from './node-limit.ts'
import { executableSchema } from './schema.ts'

/** Bounds on what a document may look like; how many rows it asks for is `nodeLimit`'s (reference: ledger-and-graphql 2.3). */
const armor = new EnvelopArmor({
  maxDepth: { enabled: true, n: 10 },
  maxAliases: { enabled: true, n: 15 },
  maxDirectives: { enabled: true, n: 50 },
  maxTokens: { enabled: true, n: 2_000 },
  // It multiplies by a `first` that is written out and not by one in a variable; `nodeLimit` counts both.
  costLimit: { enabled: false },
  blockFieldSuggestion: { enabled: true },
})

/** The GraphQL server without its network: a fetch-style handler over the facts of an authenticated request. */
export function graphqlServer(parts: ApiParts, denials: Denials, metrics: ApiMetrics) {
  const shape = (error: unknown, facts: RequestFacts) => maskError(error, facts, parts.log)
  return createYoga<RequestFacts>({
    schema: executableSchema(),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    cors: false,
    batching: false,
    logging: false,
    context: (facts) => requestContext(parts, denials, facts),
    maskedErrors: false,
    plugins: [...(armor.protect().plugins as unknown as Plugin[]), useExecutionCancellation(), nodeLimit, timed(metrics), shaped(shape)],
  })
}

type Shape = (error: unknown, facts: RequestFacts) => GraphQLError

/** Gives every error of every answer the one shape; also those of syntax and validation, which never reach a resolver. */
function shaped(shape: Shape): Plugin<RequestFacts> {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      const facts = serverContext as unknown as RequestFacts
      if (Symbol.asyncIterator in result) {
        setResult(mapped(result as AsyncIterable<{ errors?: readonly GraphQLError[] }>, facts, shape) as never)
        return
      }
      if (Array.isArray(result) || !('errors' in result) || !result.errors) return
      setResult({ ...result, errors: result.errors.map((error) => shape(error, facts)) } as never)
    },
  }
}

async function* mapped<Result extends { errors?: readonly GraphQLError[] }>(
  results: AsyncIterable<Result>,
  facts: RequestFacts,
  shape: Shape,
): AsyncGenerator<Result> {
  try {
    for await (const result of results)
      yield result.errors ? { ...result, errors: result.errors.map((error) => shape(error, facts)) } : result
  } catch (error) {
    yield { errors: [shape(error, facts)] } as unknown as Result
  }
}

/** Operation names come from clients: only well-formed ones become a label, and not too many. */
function timed(metrics: ApiMetrics): Plugin {
  return {
    onExecute({ args }) {
      const started = performance.now()
      const name = args.operationName ?? 'anonymous'
      return {
        onExecuteDone: ({ result }) => {
          const failed = 'errors' in result && result.errors !== undefined
          metrics.observeRequest(name, failed ? 'error' : 'ok', (performance.now() - started) / 1_000)
        },
      }
    },
    onSubscribe() {
      return { onSubscribeResult: () => ({ onEnd: metrics.subscriberJoined() }) }
    },
  }
}
