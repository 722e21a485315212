import { type ApplicationSpec, type AppProjectSpec, documentAt, readAppProject, readDeclarationObjects } from '@fairlead/manifests'

export const testRepository = 'https://git.example.com/fleet.git'

/** An application as the reader makes it of a small manifest. */
export function testSpec(name: string, changes: Partial<ApplicationSpec> = {}): ApplicationSpec {
  const value = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL: testRepository, path: name },
      destination: { server: 'https://kubernetes.default.svc', namespace: name },
    },
  }
  const position = { repository: testRepository, commit: 'c1', path: `apps/${name}.yaml`, line: 1 }
  const context = { repository: testRepository, commit: 'c1', parent: { kind: 'fleet', name: 'fleet' } } as const
  const [spec] = readDeclarationObjects([{ value, position }], context).applications
  return { ...spec!, ...changes }
}

export function testProject(name: string, spec: Record<string, never> | object): AppProjectSpec {
  const value = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name, namespace: 'argocd' },
    spec: { ...spec } as never,
  }
  return readAppProject(documentAt(value, { repository: testRepository, commit: 'c1', path: 'projects.yaml', line: 1 })).spec
}
