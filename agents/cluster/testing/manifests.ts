import type { Manifest } from './plans.ts'

export const configMap = (name: string, data: Record<string, string> = { a: '1' }, namespace = 'default'): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})

export const deployment = (name: string, image = 'web:1', namespace = 'default', replicas = 1): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas,
    progressDeadlineSeconds: 5,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image, resources: { limits: { cpu: '1000m' } } }] },
    },
  },
})

export const job = (name: string, annotations: Record<string, string>, namespace = 'default'): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace, annotations },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:1' }] } } },
})
