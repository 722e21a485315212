import { FairleadError } from '@fairlead/errors'
import { type ExecutionArgs, GraphQLError, Kind, type SelectionSetNode, type ValueNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** Rows that one query may ask for, counted as lists in lists (GitHub: node limit). */
export const maxNodes = 60_000

/** What a list has when nobody says how many: a bound for the schema's own defaults. */
const defaultFirst = 50

/**
 * Refuses a query that asks for too many rows before anything is read: every `first` times those of the lists around it. Unlike a cost
 * that is computed from the document alone, it sees the values of variables.
 */
export const nodeLimit: Plugin = {
  onExecute({ args }) {
    check(args as ExecutionArgs)
  },
  onSubscribe({ args }) {
    check(args as ExecutionArgs)
  },
}

function check({ document, variableValues, operationName }: ExecutionArgs): void {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const operation = operations.find((each) => each.name?.value === operationName) ?? operations[0]
  if (!operation) return
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet] as const] : [],
    ),
  )
  const nodes = count(operation.selectionSet, 1, (value) => numberOf(value, variableValues ?? {}), fragments)
  if (nodes <= maxNodes) return
  const message = `the query asks for up to ${nodes} rows, ${maxNodes} are allowed`
  const refused = new FairleadError('BAD_USER_INPUT', message, { next: 'ask for fewer rows at once and follow the cursors' })
  throw new GraphQLError(message, { originalError: refused })
}

function count(
  set: SelectionSetNode,
  times: number,
  read: (value: ValueNode) => number,
  fragments: ReadonlyMap<string, SelectionSetNode>,
): number {
  let nodes = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const first = selection.arguments?.find((argument) => argument.name.value === 'first')
      const rows = first ? times * read(first.value) : times
      if (first) nodes += rows
      if (selection.selectionSet) nodes += count(selection.selectionSet, rows, read, fragments)
    } else {
      // Validation has refused fragments that contain themselves.
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value)
      if (inner) nodes += count(inner, times, read, fragments)
    }
  }
  return nodes
}

function numberOf(value: ValueNode, variables: Readonly<Record<string, unknown>>): number {
  const number = value.kind === Kind.INT ? Number(value.value) : value.kind === Kind.VARIABLE ? variables[value.name.value] : undefined
  return typeof number === 'number' && number > 0 ? number : defaultFirst
}
