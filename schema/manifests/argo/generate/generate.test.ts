import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { isObject, type Json, type JsonObject } from '../../yaml/document.ts'
import { parseDocuments } from '../../yaml/parse.ts'
import { readApplicationSet } from '../application-set.ts'
import { generate } from './generate.ts'
import type { ClusterInput, GeneratorInputs } from './inputs.ts'
import type { TemplateEngine } from './render.ts'

const origin = { repository: 'r', commit: 'c', path: 'set.yaml' }

const clusters: ClusterInput[] = [
  { name: 'west', server: 'https://west', labels: { env: 'prod' }, annotations: { owner: 'ops' } },
  { name: 'East_1', server: 'https://east', labels: { env: 'dev' }, annotations: {}, project: 'team' },
]
const tree: Record<string, string> = {
  'apps/web/kustomization.yaml': '',
  'apps/web/config.json': '{"cluster": {"name": "east", "port": 8080}, "tags": ["a", "b"]}',
  'apps/api/config.yaml': '- name: api-1\n- name: api-2\n',
  'apps/old/config.yaml': '',
  'apps/.hidden/config.yaml': 'name: hidden\n',
  'docs/config.yaml': 'name: docs\n',
}
const inputs: GeneratorInputs = {
  clusters,
  directories: () => {
    const folders = new Set<string>()
    for (const path of Object.keys(tree)) {
      const parts = path.split('/')
      for (let length = 1; length < parts.length; length++) folders.add(parts.slice(0, length).join('/'))
    }
    return [...folders].reverse()
  },
  files: (_url, _revision, wanted) => Object.entries(tree).flatMap(([path, text]) => (wanted(path) ? [{ path, text }] : [])),
}

/** The part of Go's text/template that these tests need: `{{.a.b}}`, and an error for a missing key when that is asked for. */
const engine: TemplateEngine = {
  async render(templates, params, { goTemplateOptions }) {
    return templates.map((template) =>
      template.replaceAll(/\{\{ *\.([\w.]+) *\}\}/g, (_, path: string) => {
        let value: Json | undefined = params
        for (const part of path.split('.')) value = isObject(value) ? value[part] : undefined
        if (value !== undefined) return String(value)
        if (goTemplateOptions.includes('missingkey=error')) throw new FairleadError('RENDER_TEMPLATE', `map has no entry for key ${path}`)
        return '<no value>'
      }),
    )
  },
}

function set(spec: object, template: object = {}) {
  const whole: JsonObject = {
    metadata: { name: 'set' },
    spec: {
      template: {
        metadata: { name: '{{name}}', ...(template as { metadata?: object }).metadata },
        spec: {
          project: 'p',
          source: { repoURL: 'https://git.test/a', path: '.' },
          destination: { name: 'x' },
          ...(template as { spec?: object }).spec,
        },
      },
      ...spec,
    } as JsonObject,
  }
  return readApplicationSet(parseDocuments(JSON.stringify(whole), origin)[0]!, { kind: 'fleet', name: 'demo' }).spec
}
const specs = async (...given: Parameters<typeof set>) => (await generate(set(...given), inputs, engine)).map(({ spec }) => spec)
const names = async (...given: Parameters<typeof set>) => (await specs(...given)).map(({ name }) => name)
const rejection = (...given: Parameters<typeof set>) =>
  specs(...given).then(
    () => expect.unreachable(),
    (error: unknown) => (FairleadError.is(error) ? error : Promise.reject(error)),
  )

describe('list', () => {
  test('elements, their values, and elementsYaml', async () => {
    const list = { elements: [{ name: 'a', values: { tier: 'web' } }], elementsYaml: '- name: b\n  values: {tier: db}\n' }
    const made = await specs({ generators: [{ list }] }, { metadata: { labels: { tier: '{{values.tier}}' } } })
    expect(made.map(({ name, labels }) => [name, labels])).toEqual([
      ['a', { tier: 'web' }],
      ['b', { tier: 'db' }],
    ])
  })

  test('several generators, in their order', async () => {
    expect(await names({ generators: [{ list: { elements: [{ name: 'b' }] } }, { list: { elements: [{ name: 'a' }] } }] })).toEqual([
      'b',
      'a',
    ])
  })

  test.each<[string, string]>([
    ['name: a', 'elementsYaml must be a list of maps'],
    ['- a', 'elementsYaml must be a list of maps'],
    ['- name: 1', 'parameters of a list generator must be text'],
    ['- [', 'ApplicationSet argocd/set: '],
  ])('elementsYaml %j is refused', async (elementsYaml, message) => {
    expect((await rejection({ generators: [{ list: { elementsYaml } }] })).message).toContain(message)
  })

  test('an empty elementsYaml adds nothing', async () => {
    expect(await names({ generators: [{ list: { elements: [{ name: 'a' }], elementsYaml: '# none' } }] })).toEqual(['a'])
  })
})

describe('clusters', () => {
  const template = {
    metadata: {
      name: '{{nameNormalized}}',
      labels: { env: '{{metadata.labels.env}}', owner: '{{metadata.annotations.owner}}', project: '{{project}}' },
    },
    spec: { destination: { server: '{{server}}' } },
  }

  test('all, sorted by name; an unknown parameter stays', async () => {
    const made = await specs({ generators: [{ clusters: {} }] }, template)
    expect(made.map(({ name, labels, destination }) => [name, labels, destination.server])).toEqual([
      ['east-1', { env: 'dev', owner: '{{metadata.annotations.owner}}', project: 'team' }, 'https://east'],
      ['west', { env: 'prod', owner: 'ops', project: '' }, 'https://west'],
    ])
  })

  test.each<[object, string[]]>([
    [{ matchLabels: { env: 'prod' } }, ['west']],
    [{ matchLabels: { 'argocd.argoproj.io/secret-type': 'cluster' } }, ['east-1', 'west']],
    [{ matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] }, ['east-1']],
    [{ matchLabels: { env: 'none' } }, []],
  ])('that %j matches', async (selector, expected) => {
    expect(await names({ generators: [{ clusters: { selector } }] }, template)).toEqual(expected)
  })

  test('values may use the other parameters', async () => {
    const made = await specs(
      { generators: [{ clusters: { values: { url: '{{server}}/{{metadata.labels.env}}' } } }] },
      { metadata: { name: '{{nameNormalized}}', annotations: { url: '{{values.url}}' } } },
    )
    expect(made.map(({ annotations }) => annotations['url'])).toEqual(['https://east/dev', 'https://west/prod'])
  })

  test('nested with goTemplate', async () => {
    const go = { metadata: { name: '{{.nameNormalized}}', labels: { env: '{{.metadata.labels.env}}', v: '{{.values.v}}' } } }
    const made = await specs({ goTemplate: true, generators: [{ clusters: { values: { v: '{{.name}}' } } }] }, go)
    expect(made.map(({ labels }) => labels)).toEqual([
      { env: 'dev', v: 'East_1' },
      { env: 'prod', v: 'west' },
    ])
  })

  test('as one flat list', async () => {
    const asked: JsonObject[] = []
    const recording: TemplateEngine = {
      render: (templates, params, options) => {
        asked.push(params)
        return engine.render(templates, params, options)
      },
    }
    await generate(
      set({ goTemplate: true, generators: [{ clusters: { flatList: true } }] }, { metadata: { name: 'all', labels: { x: '{{.x}}' } } }),
      inputs,
      recording,
    )
    expect(asked).toMatchObject([{ clusters: [{ name: 'East_1' }, { name: 'west' }] }])
  })
})

describe('git directories', () => {
  const repoURL = 'https://git.test/apps'
  const git = (directories: object[], more: object = {}) => ({ generators: [{ git: { repoURL, directories, ...more } }] })

  test.each<[string, object[], string[]]>([
    ['those that match, sorted, none hidden', [{ path: 'apps/*' }], ['api', 'old', 'web']],
    ['any exclude wins', [{ path: 'apps/old', exclude: true }, { path: 'apps/*' }], ['api', 'web']],
    ['a star stays in one level', [{ path: '*' }], ['apps', 'docs']],
    ['none', [{ path: 'nothing/*' }], []],
  ])('%s', async (_, directories, expected) => {
    expect(await names(git(directories), { metadata: { name: '{{path.basename}}' } })).toEqual(expected)
  })

  test('parameters, flat', async () => {
    const [made] = await specs(git([{ path: 'apps/web' }], { values: { v: '{{path.basename}}!' } }), {
      metadata: { name: '{{path.basenameNormalized}}', labels: { first: '{{path[0]}}', v: '{{values.v}}' } },
      spec: { source: { repoURL, path: '{{path}}' } },
    })
    expect(made).toMatchObject({ name: 'web', labels: { first: 'apps', v: 'web!' }, sources: [{ path: 'apps/web' }] })
  })

  test('parameters with a prefix, flat and nested', async () => {
    expect(await names(git([{ path: 'docs' }], { pathParamPrefix: 'my' }), { metadata: { name: '{{my.path.basename}}' } })).toEqual([
      'docs',
    ])
    const go = { goTemplate: true, ...git([{ path: 'docs' }], { pathParamPrefix: 'my' }) }
    expect(await names(go, { metadata: { name: '{{.my.path.basename}}' } })).toEqual(['docs'])
    expect(await names({ goTemplate: true, ...git([{ path: 'docs' }]) }, { metadata: { name: '{{.path.basename}}' } })).toEqual(['docs'])
  })

  test('a malformed pattern is an error, not nothing', async () => {
    expect(await rejection(git([{ path: 'apps/[' }]))).toMatchObject({ code: 'MANIFEST_INVALID', where: { file: 'set.yaml', line: 1 } })
  })

  test('what the repository answers with an error is passed on', async () => {
    const broken = { ...inputs, directories: () => Promise.reject(new FairleadError('SOURCE_UNREACHABLE', 'no route')) }
    const error = await generate(set(git([{ path: '*' }])), broken, engine).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true, message: 'set.yaml:1: ApplicationSet argocd/set: no route' })
  })
})

describe('git files', () => {
  const git = (files: object[], more: object = {}) => ({ generators: [{ git: { repoURL: 'https://git.test/apps', files, ...more } }] })

  test('content and path, flat; a list gives one application each', async () => {
    const made = await specs(git([{ path: 'apps/web/*.json' }]), {
      metadata: {
        name: '{{path.basename}}-{{cluster.name}}-{{cluster.port}}-{{tags.1}}',
        labels: { f: '{{path.filename}}', n: '{{path.filenameNormalized}}', d: '{{path}}' },
      },
    })
    expect(made).toMatchObject([{ name: 'web-east-8080-b', labels: { f: 'config.json', n: 'config.json', d: 'apps/web' } }])
    expect(
      await names(git([{ path: 'apps/*/config.yaml' }, { path: '*old*', exclude: true }, { path: '*hidden*', exclude: true }])),
    ).toEqual(['api-1', 'api-2'])
  })

  test('nested with goTemplate', async () => {
    const go = { goTemplate: true, ...git([{ path: 'apps/web/config.json' }]) }
    expect(await names(go, { metadata: { name: '{{.path.basename}}-{{.cluster.port}}' } })).toEqual(['web-8080'])
  })

  test('a folder stands for everything in it; an empty file is an empty map', async () => {
    expect(await names(git([{ path: 'docs' }]))).toEqual(['docs'])
    expect(await names(git([{ path: 'apps/old' }]), { metadata: { name: '{{path.basename}}' } })).toEqual(['old'])
  })

  test('a file at the root', async () => {
    const rooted = { ...inputs, files: () => [{ path: 'config.yaml', text: 'name: root\n' }] }
    const [made] = await generate(set(git([{ path: '*.yaml' }]), { metadata: { labels: { d: '{{path}}' } } }), rooted, engine)
    expect(made?.spec).toMatchObject({ name: 'root', labels: { d: '.' } })
  })

  test('a file that holds text', async () => {
    const odd = { ...inputs, files: () => [{ path: 'a.yaml', text: '- just text\n' }] }
    const error = await generate(set(git([{ path: '*.yaml' }])), odd, engine).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID', where: { file: 'a.yaml', repository: 'https://git.test/apps' } })
  })
})

describe('matrix and merge', () => {
  const envs = { list: { elements: [{ env: 'dev' }, { env: 'prod' }] } }

  test('each with each, the first one outside', async () => {
    const zones = { list: { elements: [{ zone: 'a' }, { zone: 'b' }] } }
    expect(await names({ generators: [{ matrix: { generators: [envs, zones] } }] }, { metadata: { name: '{{env}}-{{zone}}' } })).toEqual([
      'dev-a',
      'dev-b',
      'prod-a',
      'prod-b',
    ])
  })

  test('the second may use what the first gives', async () => {
    const matching = { clusters: { selector: { matchLabels: { env: '{{env}}' } } } }
    expect(
      await names({ generators: [{ matrix: { generators: [envs, matching] } }] }, { metadata: { name: '{{env}}-{{nameNormalized}}' } }),
    ).toEqual(['dev-east-1', 'prod-west'])
  })

  test('nested, with selectors inside', async () => {
    const inner = {
      matrix: { generators: [envs, { list: { elements: [{ zone: 'a' }, { zone: 'b' }] }, selector: { matchLabels: { zone: 'b' } } }] },
    }
    const outer = { matrix: { generators: [inner, { list: { elements: [{ tier: 'web-{{env}}' }] } }] } }
    expect(await names({ generators: [outer] }, { metadata: { name: '{{zone}}-{{tier}}' } })).toEqual(['b-web-dev', 'b-web-prod'])
  })

  test('a key with two values', async () => {
    const generators = [{ matrix: { generators: [envs, { list: { elements: [{ env: 'other' }] } }] } }]
    expect((await rejection({ generators })).message).toBe(
      'set.yaml:1: ApplicationSet argocd/set: both generators of a matrix give env, with different values',
    )
  })

  test('merge overrides per key', async () => {
    const overrides = { list: { elements: [{ name: 'west', replicas: '5' }] } }
    const base = { clusters: { values: {} } }
    const defaults = { matrix: { generators: [base, { list: { elements: [{ replicas: '1' }] } }] } }
    const made = await specs(
      { generators: [{ merge: { mergeKeys: ['name'], generators: [defaults, overrides] } }] },
      { metadata: { name: '{{nameNormalized}}', labels: { replicas: '{{replicas}}' } } },
    )
    expect(made.map(({ name, labels }) => [name, labels['replicas']])).toEqual([
      ['east-1', '1'],
      ['west', '5'],
    ])
  })
})

describe('selector over parameters', () => {
  test('flat and nested', async () => {
    const elements = [
      { name: 'a', values: { tier: 'web' } },
      { name: 'b', values: { tier: 'db' } },
    ]
    const selector = { matchLabels: { 'values.tier': 'db' } }
    expect(await names({ generators: [{ list: { elements }, selector }] })).toEqual(['b'])
    expect(await names({ goTemplate: true, generators: [{ list: { elements }, selector }] }, { metadata: { name: '{{.name}}' } })).toEqual([
      'b',
    ])
  })
})

describe('template', () => {
  const one = { list: { elements: [{ name: 'a' }] } }

  test("a generator's own template wins, field by field", async () => {
    const list = { elements: [{ name: 'a' }], template: { metadata: { labels: { own: 'yes' } }, spec: { project: 'mine' } } }
    const [made] = await specs({ generators: [{ list }] }, { metadata: { labels: { shared: 'yes', own: 'no' } } })
    expect(made).toMatchObject({ name: 'a', project: 'mine', labels: { own: 'yes', shared: 'yes' }, destination: { name: 'x' } })
  })

  test('the namespace is the set’s, whatever the template says', async () => {
    const [made] = await specs({ generators: [one] }, { metadata: { namespace: 'elsewhere' } })
    expect(made).toMatchObject({ namespace: 'argocd', id: 'a' })
  })

  test.each<[string, object, object, boolean]>([
    ['the objects go with the application', {}, {}, true],
    ['preserveResourcesOnDeletion keeps them', { syncPolicy: { preserveResourcesOnDeletion: true } }, {}, false],
    ['finalizers of the template are left alone', {}, { metadata: { finalizers: ['other'] } }, false],
  ])('%s', async (_, spec, template, cascade) => {
    const [made] = await specs({ generators: [one], ...spec }, template)
    expect(made?.cascade).toBe(cascade)
  })

  test('errors and warnings stand at the line of the template', async () => {
    const text = `metadata: {name: set}
spec:
  generators: [{list: {elements: [{name: a}]}}]
  template:
    metadata:
      name: '{{name}}'
    spec:
      project: p
      sorce: {}
      source: {repoURL: https://git.test/a, path: /absolute}
      destination: {name: x}
`
    const good = readApplicationSet(parseDocuments(text.replace('/absolute', 'ok'), origin)[0]!, { kind: 'fleet', name: 'demo' }).spec
    const [made] = await generate(good, inputs, engine)
    expect(made?.spec.declaredAt.line).toBe(6)
    expect(made?.warnings).toMatchObject([{ code: 'unknown-field', field: 'spec.sorce', where: { path: 'set.yaml', line: 9 } }])
    const bad = readApplicationSet(parseDocuments(text, origin)[0]!, { kind: 'fleet', name: 'demo' }).spec
    await expect(generate(bad, inputs, engine)).rejects.toMatchObject({ code: 'MANIFEST_INVALID', where: { file: 'set.yaml', line: 10 } })
  })

  test('a parameter that nobody gives leaves a name that is none', async () => {
    const error = await rejection({ generators: [one] }, { metadata: { name: '{{nmae}}' } })
    expect(error).toMatchObject({
      code: 'MANIFEST_INVALID',
      next: 'a parameter in {{ }} was not filled in: compare its spelling with what the generator gives',
    })
  })
})

describe('all or nothing', () => {
  test('two applications of one name', async () => {
    expect((await rejection({ generators: [{ list: { elements: [{ name: 'a' }, { name: 'a' }] } }] })).message).toContain(
      'two applications are named a',
    )
  })

  test('a failure in the last generator loses the first one’s applications too', async () => {
    const generators = [{ list: { elements: [{ name: 'a' }] } }, { list: { elementsYaml: 'no list' } }]
    expect((await rejection({ generators })).code).toBe('MANIFEST_INVALID')
  })

  test('a missing key of a Go template', async () => {
    const spec = { goTemplate: true, goTemplateOptions: ['missingkey=error'], generators: [{ list: { elements: [{ name: 'a' }] } }] }
    expect(await rejection(spec, { metadata: { name: '{{.nmae}}' } })).toMatchObject({
      code: 'RENDER_TEMPLATE',
      where: { file: 'set.yaml' },
    })
  })

  test('too many', async () => {
    const elements = Array.from({ length: 101 }, (_, index) => ({ a: `${index}` }))
    const others = elements.map(({ a }) => ({ b: a }))
    expect(
      (await rejection({ generators: [{ matrix: { generators: [{ list: { elements } }, { list: { elements: others } }] } }] })).code,
    ).toBe('SOURCE_LIMIT')
  })

  test('an abort', async () => {
    const spec = set({ generators: [{ list: { elements: [{ name: 'a' }] } }] })
    await expect(generate(spec, inputs, engine, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })
})

describe('templatePatch', () => {
  const elements = [
    { name: 'a', auto: 'true' },
    { name: 'b', auto: 'false' },
  ]
  const patched = (templatePatch: string) =>
    generate(
      set({ goTemplate: true, generators: [{ list: { elements } }], templatePatch }, { metadata: { name: '{{.name}}' } }),
      inputs,
      engine,
    )

  test('makes of each application what its parameters ask for', async () => {
    const made = await patched('spec:\n  syncPolicy:\n    automated:\n      enabled: {{.auto}}\n      prune: {{.auto}}\n')
    expect(made.map(({ spec }) => [spec.name, spec.syncPolicy.automated, spec.syncPolicy.prune])).toEqual([
      ['a', true, true],
      ['b', false, false],
    ])
  })

  test('never moves an application to another project or namespace', async () => {
    const [made] = await patched('metadata: {namespace: elsewhere}\nspec: {project: admin}\n')
    expect(made?.spec).toMatchObject({ project: 'p', namespace: 'argocd' })
    expect(made?.warnings).toMatchObject([{ code: 'ignored-field', field: 'spec.templatePatch' }])
    const withoutProject = set(
      { goTemplate: true, generators: [{ list: { elements: [{ name: 'a' }] } }], templatePatch: 'spec: {project: admin}' },
      { metadata: { name: '{{.name}}' }, spec: { project: undefined } },
    )
    expect((await generate(withoutProject, inputs, engine))[0]?.spec.project).toBe('default')
  })

  test('that renders to nothing changes nothing', async () => {
    expect((await patched('# {{.name}}'))[0]?.spec.name).toBe('a')
  })

  test('that is no map is refused', async () => {
    await expect(patched('- {{.name}}')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  test('works without goTemplate too', async () => {
    const plain = set({
      generators: [{ list: { elements: [{ name: 'a', project: 'x' }] } }],
      templatePatch: 'metadata: {labels: {of: "{{name}}"}}',
    })
    expect((await generate(plain, inputs, engine))[0]?.spec.labels).toEqual({ of: 'a' })
  })
})
