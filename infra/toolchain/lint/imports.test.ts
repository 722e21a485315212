import { expect, test } from 'vitest'
import { importsOf } from './imports.ts'
import { mask } from './mask.ts'

const imports = (source: string) =>
  importsOf(source, mask(source)).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier))

test.for<[source: string, expected: string[]]>([
  [`import { a } from './a.ts'`, ['./a.ts']],
  [`import a, { type B } from "./a.ts"`, ['./a.ts']],
  [`import {\n  a,\n  b,\n} from './a.ts'`, ['./a.ts']],
  [`import * as a from 'node:fs'`, ['node:fs']],
  [`import './a.ts'`, ['./a.ts']],
  [`import type { A } from './a.ts'`, ['type ./a.ts']],
  [`import { type A, type B } from './a.ts'`, ['type ./a.ts']],
  [`import { type A, b } from './a.ts'`, ['./a.ts']],
  [`import type from './a.ts'`, ['./a.ts']],
  [`export { a } from './a.ts'`, ['./a.ts']],
  [`export type { A } from './a.ts'`, ['type ./a.ts']],
  [`export * from './a.ts'`, ['./a.ts']],
  [`const a = await import('./a.ts')`, ['./a.ts']],
  [`proxyActivities<typeof import('./activities.ts')>({})`, ['type ./activities.ts']],
  [`import data from './a.json' with { type: 'json' }`, ['./a.json']],
  [`// import { a } from './a.ts'`, []],
  [`const text = "import { a } from './a.ts'"`, []],
  ['const text = `import a from "./a.ts"`', []],
  [`export const from = 'a'`, []],
  [`export function a() {}\nconst from = 'b'`, []],
])('the imports of %j', ([source, expected]) => {
  expect(imports(source)).toEqual(expected)
})

test('an import is on the line where its specifier is', () => {
  const source = `// first\nimport {\n  a,\n} from './a.ts'\n`
  expect(importsOf(source, mask(source))).toEqual([{ specifier: './a.ts', line: 4, typeOnly: false }])
})
