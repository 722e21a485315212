import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { resolveProgram } from '@fairlead/toolchain'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestRepository } from '../testing/repository.ts'
import { Workshop } from '../testing/workshop.ts'

const run = promisify(execFile)
let repository: TestRepository
let workshop: Workshop
let kustomize: string

beforeAll(async () => {
  kustomize = (await resolveProgram('kustomize', { log: () => {} })).path
  repository = await TestRepository.create({
    'app/kustomization.yaml': `resources: [scalars.yaml, workload.yaml]
namePrefix: p-
namespace: elsewhere
commonLabels: { app: x }
labels: [{ pairs: { l: "2" }, includeTemplates: true }]
commonAnnotations: { "note": "yes" }
images: [{ name: busybox, newName: "registry.example.com:5000/bb", newTag: "1" }]
replicas: [{ name: d, count: 7 }]
configMapGenerator: [{ name: generated, literals: [a=1, "b=x: y"] }]
secretGenerator: [{ name: secret, literals: [p=q] }]
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: d }
      spec:
        template:
          spec:
            containers:
              - name: c
                env: [{ name: X, valueFrom: { configMapKeyRef: { name: generated, key: a } } }]
`,
    'app/scalars.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: scalars
data: &d
  time: "2024-01-01"
  long: |
    line one
      two
  escapes: "tab\\t\\u00e9 \\"q\\" \\\\ <&>"
  empty: ""
spec:
  date: 2024-01-01
  instant: 2024-01-01T10:00:00Z
  yes: yes
  on: on
  octal: 0o14
  oldOctal: 012
  hex: 0x1F
  float: 1e3
  trailing: 1.50
  negative: -3
  grouped: 1_000
  sexagesimal: 1:30
  tilde: ~
  nothing:
  boolean: true
  tagged: !!str 12
  binary: !!binary aGVsbG8=
  copy: *d
  merged:
    <<: *d
    more: 1
  list: [a, 1, null, { k: v }]
  "1": one
`,
    'app/workload.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers: [{ name: c, image: busybox, envFrom: [{ secretRef: { name: secret } }], resources: { limits: { cpu: 100m } } }]
---
apiVersion: v1
kind: Service
metadata: { name: s }
spec: { selector: { a: b } }
---
apiVersion: example.com/v1
kind: Thing
metadata: { name: t }
`,
  })
  workshop = await Workshop.open(repository)
})
afterAll(async () => {
  await workshop?.[Symbol.asyncDispose]()
  await repository?.[Symbol.asyncDispose]()
})

it('gives what `kustomize build` prints, read as kubectl reads it', async () => {
  const built = await run(kustomize, ['build', join(repository.folder, 'app')])
  await repository.commit({ 'built/all.yaml': built.stdout })
  const expected = await workshop.render('built', { tool: 'directory' })
  const rendered = await workshop.render('app')
  expect(rendered.map(({ manifest }) => manifest)).toEqual(expected.map(({ manifest }) => manifest))
  expect(rendered.map(({ path, line }) => `${path}:${line ?? '-'}`).sort()).toEqual([
    ...['app/kustomization.yaml:-', 'app/kustomization.yaml:-', 'app/scalars.yaml:1'],
    ...['app/workload.yaml:1', 'app/workload.yaml:11', 'app/workload.yaml:16'],
  ])
})
