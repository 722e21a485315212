import { expect, test } from 'vitest'
import { imagesIn } from './images.ts'

test('images are taken from wherever pods are described, and nothing else', () => {
  const pod = (image: string) => ({
    spec: { initContainers: [{ image: `${image}-init` }], containers: [{ name: 'a', image }, { name: 'no image' }, null] },
  })
  const manifests = [
    { kind: 'CronJob', spec: { jobTemplate: { spec: { template: pod('job') } } } },
    { kind: 'Pod', ...pod('pod') },
    { kind: 'List', items: [{ kind: 'Deployment', spec: { template: pod('job') } }] },
    { kind: 'Secret', stringData: { image: 'secret' }, image: 'secret', containers: 'secret' },
    { kind: 'ConfigMap', data: { containers: '[{"image":"secret"}]' } },
  ]
  expect(imagesIn({ v: 1, objects: manifests })).toEqual(['job', 'job-init', 'pod', 'pod-init'])
  expect(imagesIn(undefined)).toEqual([])
})

test('manifests that lead ever deeper come to an end', () => {
  const deep: Record<string, unknown> = {}
  deep.again = deep
  expect(imagesIn(deep)).toEqual([])
})
