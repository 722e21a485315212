import { expect, test } from 'vitest'
import { projects, select } from './projects.ts'

test.for<[args: string[], chosen: readonly string[], rest: string[]]>([
  [[], projects, []],
  [['unit'], ['unit'], []],
  [['e2e', 'unit'], ['unit', 'e2e'], []],
  [['services/ledger'], projects, ['services/ledger']],
  [['int', 'services/ledger', '-t', 'appends'], ['int'], ['services/ledger', '-t', 'appends']],
])('npm test -- %j', ([args, chosen, rest]) => {
  expect(select(args)).toEqual({ projects: chosen, rest })
})
