import { z } from 'zod'
import { ApplicationId, SourcePosition } from './refs.ts'

/** Any JSON value: templates and elements are kept as they were written. */
const Json = z.json()
const JsonObject = z.record(z.string(), z.json())

/** Kubernetes label selector. */
export const LabelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()),
  matchExpressions: z.array(
    z.object({ key: z.string(), operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(z.string()) }),
  ),
})
export type LabelSelector = z.infer<typeof LabelSelector>

const PathRule = z.object({ path: z.string(), exclude: z.boolean() })

const common = {
  /** Fields that win over the set's template, for this generator's applications. */
  template: JsonObject.optional(),
  /** Keeps the parameter sets that match, seen as labels. */
  selector: LabelSelector.optional(),
}

const simpleGenerators = [
  z.object({ ...common, type: z.literal('list'), elements: z.array(JsonObject), elementsYaml: z.string().optional() }),
  z.object({
    ...common,
    type: z.literal('clusters'),
    clusters: LabelSelector.optional(),
    values: z.record(z.string(), z.string()),
    /** One parameter set with the list of all clusters, instead of one per cluster. */
    flatList: z.boolean(),
  }),
  z.object({
    ...common,
    type: z.literal('git'),
    repoURL: z.string(),
    revision: z.string(),
    /** Go path.Match patterns over folders; any exclude wins. */
    directories: z.array(PathRule),
    /** Patterns over YAML and JSON files, whose content gives the parameters. */
    files: z.array(PathRule),
    values: z.record(z.string(), z.string()),
    pathParamPrefix: z.string(),
  }),
] as const
type Simple = z.infer<(typeof simpleGenerators)[number]>
type Common = Pick<Simple, 'template' | 'selector'>

/** Where parameter sets come from. Argo CD: ApplicationSet generators. */
export type Generator =
  | Simple
  | (Common & { type: 'matrix'; generators: Generator[] })
  | (Common & { type: 'merge'; mergeKeys: string[]; generators: Generator[] })
export const Generator: z.ZodType<Generator> = z.lazy(() =>
  z.discriminatedUnion('type', [
    ...simpleGenerators,
    z.object({ ...common, type: z.literal('matrix'), generators: z.array(Generator) }),
    z.object({ ...common, type: z.literal('merge'), mergeKeys: z.array(z.string()), generators: z.array(Generator) }),
  ]),
)

/** An Argo CD ApplicationSet: a template, and the parameter sets it is rendered with. */
export const ApplicationSetSpec = z.object({
  id: ApplicationId,
  name: z.string(),
  namespace: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  /** Go text/template with sprig; otherwise `{{key}}` is replaced and what is unknown stays. */
  goTemplate: z.boolean(),
  /** Such as `missingkey=error`. */
  goTemplateOptions: z.array(z.string()),
  generators: z.array(Generator),
  /** `metadata` and `spec` of the applications. */
  template: JsonObject,
  /** YAML, laid over each application after rendering. */
  templatePatch: z.string().optional(),
  /** What may happen to applications that exist: `sync` = everything. */
  applicationsSync: z.enum(['sync', 'create-only', 'create-update', 'create-delete']),
  /** The applications get no finalizer: their objects outlive them. */
  preserveResourcesOnDeletion: z.boolean(),
  preservedFields: z.object({ labels: z.array(z.string()), annotations: z.array(z.string()) }),
  ignoreApplicationDifferences: z.array(Json),
  /** Progressive sync (`RollingSync`), as written. */
  strategy: JsonObject.optional(),
  parent: z.object({ kind: z.enum(['fleet', 'application', 'applicationset']), name: z.string() }),
  declaredAt: SourcePosition,
  /** Line of each field of the template, by pointer (`spec.source.path`), for errors in the applications it makes. */
  templateLines: z.record(z.string(), z.int().positive()),
})
export type ApplicationSetSpec = z.infer<typeof ApplicationSetSpec>
