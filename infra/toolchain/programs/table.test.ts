import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { compareVersions } from '../bootstrap/versions.mjs'
import { type Program, programsNeededBy, programTable } from './table.ts'

const programs: Program[] = Object.values(programTable)
const pinned = programs.filter((program) => !program.ownSources)

test.for(Object.entries(programTable))('%s is filed under its name, and its variable is named after it', ([name, program]) => {
  expect(program.name).toBe(name)
  expect(program.env).toBe(`FAIRLEAD_${name.toUpperCase().replaceAll('-', '_')}`)
})

test.for(pinned.map((program) => [program.name, program] as const))(
  '%s has the version and the package that its go.mod pins',
  ([, program]) => {
    const goMod = readFileSync(join(program.moduleFolder, 'go.mod'), 'utf8')
    expect(goMod).toMatch(new RegExp(`^(?:tool )?\\t?${program.package}$`, 'm'))
    const required = [...goMod.matchAll(/^(?:require )?\t?(?<module>\S+) v(?<version>\d[^\s]*)/gm)]
      .map((match) => match.groups!)
      .filter(({ module }) => `${program.package}/`.startsWith(`${module}/`))
    expect(required).toEqual([expect.objectContaining({ version: program.version })])
  },
)

test.for(pinned.map((program) => [program.name, program] as const))('the pinned %s is one that would do on PATH', ([, program]) => {
  expect(compareVersions(program.version, program.accepts!.from)).toBeGreaterThanOrEqual(0)
  expect(compareVersions(program.version, program.accepts!.below)).toBeLessThan(0)
})

test('the Kubernetes programs print the version of their module', () => {
  const kubernetes = programs.filter((program) => basename(program.moduleFolder) === 'kubernetes')
  expect(kubernetes.map((program) => program.name)).toEqual(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
  for (const { ldflags, version } of kubernetes) expect(ldflags).toContain(`gitVersion=v${version} `)
})

test('what only a benchmark needs is not built for a start', () => {
  expect(programsNeededBy('stack')).not.toContain('kustomize')
  expect(programsNeededBy('bench')).toEqual(['kustomize'])
})
