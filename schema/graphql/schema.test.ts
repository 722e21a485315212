import { buildSchema, isInputObjectType, isInterfaceType, isObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { typeDefs } from './index.ts'

const schema = buildSchema(typeDefs)
const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'))

describe('schema', () => {
  test('every list of the fleet is a connection with facets, a count, a position and `at`', () => {
    const query = schema.getQueryType()
    for (const name of ['clusters', 'applications', 'resources', 'operations', 'events']) {
      const field = query?.getFields()[name]
      expect(field?.args.map((arg) => arg.name)).toEqual(expect.arrayContaining(['at', 'filter', 'sort', 'first', 'after']))
      const connection = schema.getType(String(field?.type).replace('!', ''))
      if (!isObjectType(connection)) throw new Error(`${name} is no connection`)
      expect(Object.keys(connection.getFields())).toEqual(
        expect.arrayContaining(['edges', 'nodes', 'pageInfo', 'totalCount', 'facets', 'asOf', 'position']),
      )
    }
  })

  test('every change takes a reason and an idempotency key, and answers with a position and typed errors', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      if (field.name === '_') continue
      const input = field.args[0] && schema.getType(String(field.args[0].type).replace('!', ''))
      if (!isInputObjectType(input)) throw new Error(`${field.name} takes no input`)
      expect(Object.keys(input.getFields())).toEqual(expect.arrayContaining(['reason', 'idempotencyKey']))
      expect(String(field.type)).toBe('ChangePayload!')
    }
  })

  test('whatever has an id is a Node', () => {
    const withId = types.filter((type) => isObjectType(type) && String(type.getFields().id?.type) === 'ID!')
    for (const type of withId) {
      expect(isObjectType(type) && type.getInterfaces().some((node) => isInterfaceType(node) && node.name === 'Node'), type.name).toBe(true)
    }
  })
})
