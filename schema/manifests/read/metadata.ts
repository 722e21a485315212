import { ApplicationId } from '../model/refs.ts'
import { isObject, type ManifestDocument } from '../yaml/document.ts'
import { Fields, type Reading, startReading } from './fields.ts'

/** What every declaration's metadata says. */
export interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly finalizers: string[]
}

export interface DeclarationRoot {
  readonly reading: Reading
  readonly metadata: Metadata
  /** The fields of the whole object; `apiVersion`, `kind` and `metadata` are already read. */
  readonly root: Fields
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
/** Set by the API server, found in manifests that were exported from a cluster. */
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
  'ownerReferences',
  'clusterName',
  'generateName',
] as const

/** Begins the reading of a declaration of `kind`. Throws `MANIFEST_INVALID` when its metadata could not be one of Kubernetes. */
export function readMetadata(document: ManifestDocument, kind: string, defaultNamespace: string): DeclarationRoot {
  const reading = startReading(document, describe(document, kind, defaultNamespace))
  const root = new Fields(reading, [], document.value)
  root.accept('apiVersion', 'kind')
  const fields = root.fields('metadata')
  const name = fields?.string('name') ?? ''
  if (!fields || name === '') throw root.error(['metadata'], `the ${kind} has no metadata.name`, 'write metadata with a name')
  if (name.length > 253 || !dnsName.test(name)) {
    const next = name.includes('{{')
      ? 'a parameter in {{ }} was not filled in: compare its spelling with what the generator gives'
      : 'use small letters, digits, - and ., at most 253, with a letter or digit at both ends'
    throw fields.error(['name'], 'metadata.name is not a Kubernetes name', next)
  }
  const namespace = fields.string('namespace') || defaultNamespace
  if (namespace.length > 63 || !dnsName.test(namespace) || namespace.includes('.')) {
    throw fields.error(['namespace'], 'metadata.namespace is not a Kubernetes namespace', 'use small letters, digits and -, at most 63')
  }
  fields.accept(...serverFields)
  const metadata = {
    name,
    namespace,
    labels: fields.stringMap('labels') ?? {},
    annotations: fields.stringMap('annotations') ?? {},
    finalizers: fields.strings('finalizers') ?? [],
  }
  fields.done()
  return { reading, metadata, root }
}

/** The id under which the fleet knows the application. Argo CD: instance name. */
export function applicationId(
  root: Fields,
  metadata: { name: string; namespace: string },
  plainNamespace: string | undefined,
): ApplicationId {
  const name = metadata.namespace === plainNamespace ? metadata.name : `${metadata.namespace}_${metadata.name}`
  const id = ApplicationId.safeParse(name.replaceAll('.', '_'))
  if (!id.success)
    throw root.error(['metadata', 'name'], 'the name is longer than 200 characters together with its namespace', 'shorten it')
  return id.data
}

function describe(document: ManifestDocument, kind: string, defaultNamespace: string): string {
  const metadata = document.value['metadata']
  if (!isObject(metadata) || typeof metadata['name'] !== 'string') return kind
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : defaultNamespace
  return `${kind} ${namespace}/${metadata['name']}`
}
