import { expect, test } from 'vitest'
import { suggest } from './suggest.ts'

const fields = ['repoURL', 'path', 'targetRevision', 'chart', 'helm', 'kustomize', 'directory']

test.each<[string, string | undefined]>([
  ['repoUrl', 'repoURL'],
  ['repourl', 'repoURL'],
  ['pth', 'path'],
  ['paht', 'path'],
  ['targetRevison', 'targetRevision'],
  ['kustomise', 'kustomize'],
  ['xyz', undefined],
  ['', undefined],
  ['destination', undefined],
])('%j was meant as %j', (word, meant) => {
  expect(suggest(word, fields)).toBe(meant)
})
