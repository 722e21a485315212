import { FairleadError } from '@fairlead/errors'
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql'

/** An instant, ISO 8601. Read models keep instants as such text, so nothing is converted on the way out. */
export const DateTime = new GraphQLScalarType({
  name: 'DateTime',
  serialize: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  parseValue: readTime,
  parseLiteral: (node) => readTime(textOf(node)),
})

/** A place in the log, as text: positions pass 2^31 one day, and GraphQL's Int ends there. */
export const Position = new GraphQLScalarType({
  name: 'Position',
  serialize: String,
  parseValue: readPosition,
  parseLiteral: (node) => readPosition(node.kind === Kind.INT ? node.value : textOf(node)),
})

export const JsonScalar = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
})

function readTime(value: unknown): string {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw refused(`${JSON.stringify(value)} is no instant in ISO 8601`)
  return new Date(ms).toISOString()
}

function readPosition(value: unknown): number {
  const text = typeof value === 'number' ? String(value) : value
  const position = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(position)) throw refused(`${JSON.stringify(value)} is no position`)
  return position
}

function textOf(node: ValueNode): unknown {
  return node.kind === Kind.STRING ? node.value : undefined
}

function refused(message: string): GraphQLError {
  return new GraphQLError(message, { originalError: new FairleadError('BAD_USER_INPUT', message) })
}
