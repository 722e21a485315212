import type { GitReference, GitRepositorySpec } from '../model/git-repository.ts'
import type { Fields } from '../read/fields.ts'
import { readMetadata } from '../read/metadata.ts'
import type { Read } from '../read/warnings.ts'
import type { ManifestDocument } from '../yaml/document.ts'
import { readDuration } from './duration.ts'

/** Where Flux's own objects live when a manifest does not say. */
export const fluxNamespace = 'flux-system'

/** A Flux `GitRepository` (source.toolkit.fluxcd.io/v1, v1beta2). Throws `MANIFEST_INVALID` with file and line. */
export function readGitRepository(document: ManifestDocument): Read<GitRepositorySpec> {
  const { reading, metadata, root } = readMetadata(document, 'GitRepository', fluxNamespace)
  root.accept('status')
  const spec = root.fields('spec')
  if (!spec) throw root.error(['spec'], 'the GitRepository has no spec', 'write spec with url and interval')
  const url = spec.string('url') ?? ''
  if (!/^(https?|ssh|file):\/\//.test(url)) {
    throw spec.error(
      ['url'],
      'url must begin with http://, https:// or ssh://',
      'write an scp-like address git@host:path as ssh://git@host/path',
    )
  }
  const secretName = spec.fields('secretRef')?.string('name')
  const ignore = spec.string('ignore')
  const verify = spec.fields('verify')
  for (const key of ['include', 'sparseCheckout']) {
    if ((spec.list(key) ?? []).length > 0)
      throw spec.error([key], `${key} is not supported`, 'point the Kustomization at the repository itself', 'MANIFEST_UNSUPPORTED')
  }
  spec.accept('gitImplementation', 'accessFrom') // v1beta2, without effect in Flux 2 too
  for (const key of ['provider', 'proxySecretRef', 'serviceAccountName']) {
    if (spec.any(key) !== 'generic') spec.ignore(key, 'credentials and proxies are set in Fairlead, per repository', 'remove it')
  }
  const result: GitRepositorySpec = {
    name: metadata.name,
    namespace: metadata.namespace,
    url,
    reference: readReference(spec.fields('ref')),
    intervalMs: readDuration(spec, 'interval') ?? missingInterval(spec),
    timeoutMs: readDuration(spec, 'timeout') ?? 60_000,
    ...(secretName && { secretName }),
    ...(ignore !== undefined && { ignore }),
    recurseSubmodules: spec.boolean('recurseSubmodules') ?? false,
    suspended: spec.boolean('suspend') ?? false,
    ...(verify && { verify: { mode: verify.string('mode') ?? 'HEAD', secretName: verify.fields('secretRef')?.string('name') ?? '' } }),
    declaredAt: document.position(['metadata', 'name']),
  }
  spec.done()
  root.done()
  return { spec: result, warnings: reading.warnings }
}

function readReference(ref: Fields | undefined): GitReference {
  const reference: GitReference = {}
  for (const key of ['branch', 'tag', 'semver', 'name', 'commit'] as const) {
    const value = ref?.string(key)
    if (value) reference[key] = value
  }
  ref?.done()
  return reference
}

function missingInterval(spec: Fields): number {
  spec.warn('default-used', ['interval'], 'interval is required; 5m is used', 'write interval: 5m')
  return 300_000
}
