import { createHash } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import type { RenderedObject, RenderRequest } from '../render/protocol.ts'
import type { Renderer } from '../render/renderer.ts'

/** The files of a tree by path. */
export type Files = Readonly<Record<string, string>>

/** What became of a render: its objects, or its failure and what the library said; as text, so that order and spelling count. */
export type Outcome = { readonly objects: string } | { readonly failure: string; readonly cause: string }

/** Builds the kustomization in `path` with exactly these files as inputs. */
export async function outcome(renderer: Renderer, files: Files, path: string, options: Record<string, unknown> = {}): Promise<Outcome> {
  try {
    return { objects: JSON.stringify(await renderFiles(renderer, { tool: 'kustomize', path, options }, files), null, 1) }
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error
    // Some of the library's messages print pointers, and a long message is cut further on.
    const cause = String(error.cause)
      .replaceAll(/\b0x[0-9a-f]+/g, '0x')
      .slice(0, 400)
    return { failure: JSON.stringify([error.code, error.message, error.where]), cause }
  }
}

/** Renders with files from memory, without a repository. */
export function renderFiles(renderer: Renderer, request: Omit<RenderRequest, 'files'>, files: Files): Promise<readonly RenderedObject[]> {
  const blobs = new Map(Object.values(files).map((text) => [idOf(text), Buffer.from(text)]))
  const inputs = Object.entries(files).map(([file, text]) => [file, idOf(text)] as const)
  return renderer.render({ ...request, files: inputs }, async (id) => blobs.get(id)!)
}

function idOf(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

const labels = (app: string) => ({ app, tier: 'back' })
const pod = (app: string, extra: object = {}) => ({
  metadata: { labels: labels(app) },
  spec: {
    serviceAccountName: app,
    containers: [
      {
        ...{ name: 'main', image: 'registry.example.com/app:v0' },
        env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: app, key: 'x' } } }],
        envFrom: [{ secretRef: { name: app } }, { configMapRef: { name: 'settings' } }],
      },
    ],
    initContainers: [{ name: 'init', image: 'busybox@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3' }],
    volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: app } }] } }],
    ...extra,
  },
})

/** Objects that refer to each other by name, of kinds that kustomize treats differently. */
export const objectsOf: Readonly<Record<string, (name: string) => object>> = {
  Deployment: (name) => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: pod(name) },
  }),
  StatefulSet: (name) => ({
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, labels: { app: name } } },
    spec: {
      ...{ serviceName: name, selector: { matchLabels: { app: name } }, template: pod(name) },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { storageClassName: 'fast' } }],
    },
  }),
  CronJob: (name) => ({
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name } },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: pod(name, { restartPolicy: 'Never' }) } } },
  }),
  Service: (name) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name } } }),
  ServiceAccount: (name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }),
  ConfigMap: (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations: {} }, data: { x: 'yes', y: '1' } }),
  Secret: (name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'other' }, stringData: { p: 'q' } }),
  Ingress: (name) => ({
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, annotations: { note: 'on' } } },
    spec: {
      tls: [{ secretName: name }],
      rules: [{ http: { paths: [{ path: '/', backend: { service: { name, port: { number: 80 } } } }] } }],
    },
  }),
  HorizontalPodAutoscaler: (name) => ({
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name } },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  }),
  RoleBinding: (name) => ({
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  }),
  ClusterRole: (name) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [] }),
  NetworkPolicy: (name) => ({
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name } },
    spec: { podSelector: { matchLabels: { app: name } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: name } } }] }] },
  }),
  Namespace: (name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  CustomResourceDefinition: (name) => ({
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${name}s.example.com` } },
    spec: { group: 'example.com', scope: 'Cluster', names: { kind: 'Thing' } },
  }),
  Thing: (name) => ({
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name },
    spec: { image: 'registry.example.com/app', n: 1.5 },
  }),
}

/** A kustomization or objects as a file; JSON is YAML. */
export function file(...documents: readonly object[]): string {
  return documents.map((document) => `${JSON.stringify(document)}\n`).join('---\n')
}
