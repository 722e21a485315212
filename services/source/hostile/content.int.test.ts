import { FairleadError } from '@fairlead/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FileChange, TestRepository } from '../testing/repository.ts'
import { Workshop } from '../testing/workshop.ts'

const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`
const kustomization = (text: string) => ({ 'kustomization.yaml': text })
const chart = (files: Record<string, FileChange>) => ({ 'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n', ...files })
const plugin = (annotation: string) =>
  `apiVersion: example.com/v1\nkind: Runner\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      ${annotation}\n`

/** Nine levels of nine references: 9^9 copies of a short text. */
const bomb = (() => {
  const levels = ['a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]']
  for (let i = 1; i < 9; i++) {
    const letter = String.fromCharCode(97 + i)
    const below = `*${String.fromCharCode(96 + i)}`
    levels.push(`${letter}: &${letter} [${Array(9).fill(below).join(',')}]`)
  }
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\nstuff:\n  ${levels.join('\n  ')}\n`
})()

interface Case {
  readonly name: string
  readonly files: Record<string, FileChange>
  readonly code: string
  /** In the message, so that the author knows what is meant. */
  readonly names?: string
  readonly render?: unknown
}

const cases: readonly Case[] = [
  // T9: links and paths
  {
    name: 'a link to /etc/passwd among plain manifests',
    files: { 'a.yaml': { link: '/etc/passwd' } },
    code: 'SOURCE_PATH_ESCAPE',
    names: 'a.yaml',
  },
  { name: 'a link out of the folder', files: { 'a.yaml': { link: '../fine/map.yaml' } }, code: 'SOURCE_PATH_ESCAPE' },
  { name: 'a link to a link', files: { 'a.yaml': { link: 'b.yaml' }, 'b.yaml': { link: '/etc/hostname' } }, code: 'SOURCE_PATH_ESCAPE' },
  {
    name: 'a resource that is a link',
    files: { ...kustomization('resources: [a.yaml]\n'), 'a.yaml': { link: '/etc/passwd' } },
    code: 'SOURCE_PATH_ESCAPE',
    names: 'a.yaml',
  },
  {
    name: 'a base behind a link to a folder',
    files: { ...kustomization('resources: [base]\n'), base: { link: '../fine' } },
    code: 'SOURCE_PATH_ESCAPE',
    names: 'base',
  },
  {
    name: 'a resource on a way through a link',
    files: { ...kustomization('resources: [dir/passwd]\n'), dir: { link: '/etc' } },
    code: 'SOURCE_PATH_ESCAPE',
    names: 'dir',
  },
  {
    name: 'a kustomization that is a link',
    files: { 'kustomization.yaml': { link: '../fine/kustomization.yaml' } },
    code: 'SOURCE_PATH_ESCAPE',
  },
  {
    name: 'a resource above the repository',
    files: kustomization('resources: [../../../../etc/passwd]\n'),
    code: 'SOURCE_PATH_ESCAPE',
    names: 'etc/passwd',
  },
  { name: 'an absolute resource', files: kustomization('resources: [/etc/passwd]\n'), code: 'SOURCE_PATH_ESCAPE', names: '/etc/passwd' },
  {
    name: 'an absolute file for a generated Secret',
    files: kustomization('secretGenerator: [{ name: s, files: [/etc/shadow] }]\n'),
    code: 'SOURCE_PATH_ESCAPE',
    names: '/etc/shadow',
  },
  {
    name: 'an environment file above the repository',
    files: kustomization('configMapGenerator: [{ name: s, envs: [../../../proc/self/environ] }]\n'),
    code: 'SOURCE_PATH_ESCAPE',
  },
  {
    name: 'a value file above the repository',
    files: chart({}),
    render: { tool: 'helm', valueFiles: ['../../../etc/passwd'] },
    code: 'SOURCE_PATH_ESCAPE',
  },
  {
    name: 'an absolute value file',
    files: chart({}),
    render: { tool: 'helm', valueFiles: ['/etc/passwd'] },
    code: 'SOURCE_PATH_NOT_FOUND',
  },
  {
    name: 'a value file that is a link',
    files: chart({ 'v.yaml': { link: '/etc/passwd' } }),
    render: { tool: 'helm', valueFiles: ['v.yaml'] },
    code: 'SOURCE_PATH_ESCAPE',
  },
  {
    name: 'a template that is a link',
    files: chart({ 'templates/x.yaml': { link: '/etc/passwd' } }),
    code: 'SOURCE_PATH_ESCAPE',
    names: 'templates/x.yaml',
  },
  { name: 'a jsonnet import above the repository', files: { 'a.jsonnet': "import '../../../etc/passwd'" }, code: 'SOURCE_PATH_ESCAPE' },
  { name: 'an absolute jsonnet import', files: { 'a.jsonnet': "importstr '/etc/passwd'" }, code: 'SOURCE_PATH_ESCAPE' },
  // T13: remote and plugin constructs
  ...[
    'https://github.com/acme/base',
    'github.com/acme/base//x?ref=v1',
    'git@github.com:acme/base.git',
    'ssh://git@example.com/base',
    'git::https://example.com/base',
  ]
    .concat('https://example.com/deployment.yaml', 'file:///etc/passwd', 'example.com/acme/base?ref=main')
    .map((url) => ({
      name: `the remote base ${url}`,
      files: kustomization(`resources: ["${url}"]\n`),
      code: 'RENDER_REMOTE_REFUSED',
      names: url.replace('//git@', '//'),
    })),
  {
    name: 'a remote component',
    files: kustomization('components: ["https://example.com/c"]\n'),
    code: 'RENDER_REMOTE_REFUSED',
    names: 'components',
  },
  {
    name: 'a remote component laid over',
    files: { ...kustomization('resources: [map.yaml]\n'), 'map.yaml': map('x') },
    render: { tool: 'kustomize', overrides: { components: ['https://example.com/c'] } },
    code: 'RENDER_REMOTE_REFUSED',
  },
  { name: 'a remote patch', files: kustomization('patches: [{ path: "https://example.com/p.yaml" }]\n'), code: 'RENDER_REMOTE_REFUSED' },
  {
    name: 'credentials in a remote base',
    files: kustomization('resources: ["https://u:hunter2@example.com/b"]\n'),
    code: 'RENDER_REMOTE_REFUSED',
  },
  {
    name: 'an executable plugin in a file',
    files: {
      ...kustomization('generators: [g.yaml]\n'),
      'g.yaml': plugin('exec: { path: ./run.sh }'),
      'run.sh': '#!/bin/sh\ntouch /tmp/canary\n',
    },
    code: 'RENDER_PLUGIN_REFUSED',
    names: 'Runner',
  },
  {
    name: 'a container plugin inline',
    files: kustomization(`transformers:\n  - |-\n    ${plugin('container: { image: evil }').trim().replaceAll('\n', '\n    ')}\n`),
    code: 'RENDER_PLUGIN_REFUSED',
    names: 'Runner',
  },
  {
    name: 'Helm inside kustomize',
    files: kustomization('helmCharts: [{ name: x, repo: "https://example.com", version: "1" }]\n'),
    code: 'RENDER_PLUGIN_REFUSED',
    names: 'helmCharts',
  },
  {
    name: 'a chart dependency that is not vendored',
    files: {
      'Chart.yaml':
        'apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{ name: redis, version: 1.0.0, repository: "https://example.com" }]\n',
    },
    code: 'RENDER_REMOTE_REFUSED',
    names: 'redis',
  },
  {
    name: 'a value schema that is fetched',
    files: chart({ 'values.schema.json': '{"properties": {"a": {"$ref": "https://example.com/s.json"}}}' }),
    code: 'RENDER_REMOTE_REFUSED',
    names: 'values.schema.json',
  },
  {
    name: 'a remote value file',
    files: chart({}),
    render: { tool: 'helm', valueFiles: ['https://example.com/v.yaml'] },
    code: 'RENDER_REMOTE_REFUSED',
  },
  // T7, T8: YAML and sizes
  { name: 'an alias bomb among plain manifests', files: { 'a.yaml': bomb }, code: 'YAML_LIMIT', names: 'alias' },
  { name: 'an alias bomb as a resource', files: { ...kustomization('resources: [a.yaml]\n'), 'a.yaml': bomb }, code: 'YAML_LIMIT' },
  { name: 'an alias bomb as a kustomization', files: kustomization(bomb), code: 'YAML_LIMIT' },
  { name: 'an alias bomb in values', files: chart({}), render: { tool: 'helm', values: bomb }, code: 'YAML_LIMIT' },
  { name: 'an alias bomb in a chart', files: chart({ 'values.yaml': bomb }), code: 'YAML_LIMIT' },
  {
    name: 'few aliases of a long text',
    files: {
      'a.yaml': `${map('x')}data:\n  a: &a "${'x'.repeat(500_000)}"\n${Array.from({ length: 100 }, (_, i) => `  b${i}: *a\n`).join('')}`,
    },
    code: 'YAML_LIMIT',
  },
  { name: 'an anchor that contains itself', files: { 'a.yaml': `${map('x')}data: &a\n  b: *a\n` }, code: 'YAML_LIMIT' },
  {
    name: 'deep flow nesting',
    files: { 'a.yaml': `${map('x')}data: ${'['.repeat(9_000)}${']'.repeat(9_000)}\n` },
    code: 'YAML_LIMIT',
    names: '500',
  },
  { name: 'deeper nesting than the parser takes', files: { 'a.yaml': `a: ${'{a: '.repeat(50_000)}` }, code: 'YAML_LIMIT' },
  {
    name: 'a number that JavaScript would round',
    files: { 'a.yaml': `${map('x')}spec: { n: 12345678901234567890 }\n` },
    code: 'MANIFEST_UNSUPPORTED',
    names: '2^53',
  },
  { name: 'a file of 100 MB', files: { 'a.yaml': Buffer.alloc(100 * 1024 * 1024, 'a') }, code: 'SOURCE_LIMIT', names: 'maxFileBytes' },
  {
    name: 'too many files',
    files: Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`${i}.yaml`, map(`m${i}`)])),
    code: 'SOURCE_LIMIT',
    names: 'maxFiles',
  },
  { name: 'too many objects', files: { 'a.yaml': `${map('x')}---\n`.repeat(10_001) }, code: 'SOURCE_LIMIT', names: 'maxObjects' },
  {
    name: 'more output than is allowed',
    files: chart({
      'templates/x.yaml':
        '{{ range until 200 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: "m{{ . }}" }\ndata: { a: {{ repeat 100000 "x" | quote }} }\n{{ end }}',
    }),
    code: 'SOURCE_LIMIT',
    names: 'maxOutputBytes',
  },
  { name: 'text that is not UTF-8', files: { 'a.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xc3, 0x28]) }, code: 'YAML_SYNTAX' },
  {
    name: 'a manifest without kind',
    files: { 'a.yaml': 'apiVersion: v1\nmetadata: { name: x }\n' },
    code: 'MANIFEST_INVALID',
    names: 'kind',
  },
  { name: 'a list in place of a manifest', files: { 'a.yaml': '- a\n- b\n' }, code: 'MANIFEST_INVALID' },
  {
    name: 'kustomizations that refer to each other',
    files: { 'kustomization.yaml': 'resources: [b]\n', 'b/kustomization.yaml': 'resources: [..]\n' },
    code: 'RENDER_KUSTOMIZE',
  },
]

let repository: TestRepository
let workshop: Workshop
beforeAll(async () => {
  const files: Record<string, FileChange> = { 'fine/kustomization.yaml': 'resources: [map.yaml]\n', 'fine/map.yaml': map('fine') }
  for (const [i, given] of cases.entries()) for (const [path, change] of Object.entries(given.files)) files[`case-${i}/${path}`] = change
  repository = await TestRepository.create(files)
  workshop = await Workshop.open(repository, { workers: 2 })
  // The repository with its 100 MB is brought over here, in nobody's time.
  expect(await workshop.render('fine')).toHaveLength(1)
})
afterAll(async () => {
  await workshop?.[Symbol.asyncDispose]()
  await repository?.[Symbol.asyncDispose]()
})

describe('hostile content ends in a typed error and leaves the renderer alone', () => {
  it.each(cases.map((given, i) => [given.name, given, i] as const))('%s', async (_, given, i) => {
    const process = workshop.renderer.pid
    const error = await workshop.render(`case-${i}`, given.render).then(
      (objects) => new Error(`it rendered ${objects.length} objects`),
      (reason: unknown) => reason,
    )
    if (!FairleadError.is(error)) throw error
    expect(error.code, error.message).toBe(given.code)
    if (given.names) expect(`${error.message} ${error.where?.file ?? ''}`).toContain(given.names)
    expect(JSON.stringify(error)).not.toMatch(/hunter2|root:x:/)
    // Nothing crashed, and others go on.
    expect(workshop.renderer.pid).toBe(process)
    expect(await workshop.render('fine')).toHaveLength(1)
  })

  it.runIf(process.platform === 'linux')('runs without the right to open files, sockets and programs', () => {
    expect(workshop.renderer.sandbox).toBe('seccomp')
  })
})
