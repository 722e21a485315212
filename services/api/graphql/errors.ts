import { type ErrorShape, FairleadError } from '@fairlead/errors'
import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'
import type { RequestFacts } from './context.ts'

/**
 * The one shape of an error as GraphQL carries it: what Fairlead has said itself is shown, anything else becomes `INTERNAL` with nothing but
 * the trace id, and is in the log under it.
 */
export function maskError(error: unknown, { trace, signal }: Pick<RequestFacts, 'trace' | 'signal'>, log: Logger): GraphQLError {
  let original = error
  while (isGraphqlError(original)) original = original.originalError
  if (isTimeout(signal.reason))
    return withShape(error, new FairleadError('TIMEOUT', 'the query took too long', { next: narrower }).toJSON(), trace)
  if (isGraphqlError(error) && original === undefined) return withShape(error, badInput(error.message), trace)
  if (FairleadError.is(original) && original.code !== 'INTERNAL') return withShape(error, original.toJSON(), trace)
  log.error({ err: original, trace }, 'a request failed')
  return withShape(error, new FairleadError('INTERNAL', 'the request failed for an internal reason').toJSON(), trace)
}

const narrower = 'ask for fewer rows or fewer fields'

/** GraphQL's own complaints: syntax, unknown fields, limits. */
function badInput(message: string): ErrorShape {
  return new FairleadError('BAD_USER_INPUT', message).toJSON()
}

function withShape(error: unknown, shape: ErrorShape, trace: string): GraphQLError {
  const { message, cause, ...rest } = shape
  return new GraphQLError(message, {
    ...(isGraphqlError(error) && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: {
      ...rest,
      ...(isGraphqlError(error) && error.extensions.http !== undefined && { http: error.extensions.http }),
      ...(cause !== undefined && { cause }),
      traceId: trace,
    },
  })
}

/** By name: a library may bring a copy of `graphql` of its own. */
function isGraphqlError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === 'GraphQLError'
}

function isTimeout(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'TimeoutError'
}
