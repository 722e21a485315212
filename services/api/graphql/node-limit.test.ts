import { type ExecutionArgs, parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { maxNodes, nodeLimit } from './node-limit.ts'

const check =
  (query: string, variableValues: Record<string, unknown> = {}, operationName?: string) =>
  () =>
    (nodeLimit.onExecute as (payload: { args: Partial<ExecutionArgs> }) => void)({
      args: { document: parse(query), variableValues, ...(operationName && { operationName }) },
    })

describe('rows that a query may ask for', () => {
  test.each([
    ['no list at all', '{ serverInfo { version } }', {}],
    ['a list', '{ a(first: 500) { x } }', {}],
    ['lists beside each other', '{ a(first: 500) { b(first: 50) { x } c(first: 50) { x } } }', {}],
    ['a variable', 'query($n: Int!) { a(first: $n) { b(first: $n) { x } } }', { n: 100 }],
  ])('%s is within', (_, query, variables) => {
    expect(check(query, variables)).not.toThrow()
  })

  test.each([
    ['lists in lists', '{ a(first: 500) { nodes { b(first: 500) { x } } } }', {}],
    ['through inline fragments', '{ a(first: 500) { ... on A { b(first: 500) { x } } } }', {}],
    ['through named fragments', '{ ...f } fragment f on Query { a(first: 500) { ...g } } fragment g on A { b(first: 500) { x } }', {}],
    ['by variables', 'query($n: Int!) { a(first: $n) { b(first: $n) { x } } }', { n: 500 }],
    ['three deep', '{ a(first: 50) { b(first: 50) { c(first: 50) { x } } } }', {}],
    ['a variable left out counts as the default', 'query($n: Int) { a(first: 500) { b(first: $n) { c(first: $n) { x } } } }', {}],
  ])('%s is too much', (_, query, variables) => {
    expect(check(query, variables)).toThrow(new RegExp(`up to \\d+ rows, ${maxNodes} are allowed`))
  })

  test('only the operation that runs counts', () => {
    const document = 'query small { a(first: 1) { x } } query large { a(first: 500) { b(first: 500) { x } } }'
    expect(check(document, {}, 'small')).not.toThrow()
    expect(check(document, {}, 'large')).toThrow()
  })
})
