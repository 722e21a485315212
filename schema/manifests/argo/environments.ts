import { FairleadError } from '@fairlead/errors'
import type { ApplicationSpec } from '../model/application.ts'
import { Fields, startReading } from '../read/fields.ts'
import type { Read, Warning } from '../read/warnings.ts'
import type { JsonObject, ManifestDocument } from '../yaml/document.ts'
import { type Parent, readApplication } from './application.ts'

/** Whether a file is `.argocd/config.yaml`: a list of applications, usually one per environment branch of one repository. */
export function isEnvironmentsFile(path: string, documents: readonly ManifestDocument[]): boolean {
  return /(^|\/)\.argocd\/config\.ya?ml$/.test(path) && documents.every(({ value }) => 'applications' in value && !('kind' in value))
}

/** One bad entry does not lose the others. */
export interface Environments {
  readonly read: readonly Read<ApplicationSpec>[]
  readonly errors: readonly FairleadError[]
  readonly warnings: readonly Warning[]
}

/**
 * The applications of `.argocd/config.yaml`. An entry has a name and whatever may stand in the spec of an Application: at least a
 * source, usually with its own branch. What it leaves out is what an Application that leaves it out means.
 */
export function readEnvironments(document: ManifestDocument, parent: Parent): Environments {
  const reading = startReading(document, '.argocd/config.yaml')
  const root = new Fields(reading, [], document.value)
  const read: Read<ApplicationSpec>[] = []
  const errors: FairleadError[] = []
  for (const entry of root.items('applications') ?? []) {
    try {
      read.push(readApplication(applicationOf(entry, document), parent))
    } catch (error) {
      if (!FairleadError.is(error)) throw error
      errors.push(error)
    }
  }
  root.done()
  return { read, errors, warnings: reading.warnings }
}

/** The entry as the Application it stands for, with every position in the file it was written in. */
function applicationOf(entry: Fields, document: ManifestDocument): ManifestDocument {
  const { name, namespace, labels, annotations, ...spec } = entry.whole
  const metadata: JsonObject = {}
  for (const [key, value] of Object.entries({ name, namespace, labels, annotations })) if (value !== undefined) metadata[key] = value
  return {
    value: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata, spec },
    position: ([, ...rest]) => document.position([...entry.pointer, ...rest]),
  }
}
