export { readAppProject } from './argo/app-project.ts'
export { controlNamespace, homeServer, type Parent, readApplication } from './argo/application.ts'
export { readApplicationSet } from './argo/application-set.ts'
export { generate } from './argo/generate/generate.ts'
export type { ClusterInput, GeneratorInputs } from './argo/generate/inputs.ts'
export type { Params } from './argo/generate/params.ts'
export type { TemplateEngine, TemplateOptions } from './argo/generate/render.ts'
export { defaultSyncOptions } from './argo/sync-options.ts'
export { type DeclarationKind, declarationKind, isDeclaration } from './declarations/kinds.ts'
export {
  type DeclarationContext,
  type DeclarationFile,
  type Declarations,
  type OtherManifest,
  readDeclarationObjects,
  readDeclarations,
} from './declarations/read.ts'
export { readGitRepository } from './flux/git-repository.ts'
export { readKustomization, type SourceRef } from './flux/kustomization.ts'
export { compileGlob, type GlobDialect, plainGlob, urlGlob } from './glob/glob.ts'
export { groupVersionKind } from './kubernetes/group-version-kind.ts'
export { type Hook, type HookDeletePolicy, type HookPhase, readHook } from './kubernetes/hooks.ts'
export { kindRank } from './kubernetes/kind-order.ts'
export { objectRef } from './kubernetes/object-ref.ts'
export { builtInScope } from './kubernetes/scopes.ts'
export { type FluxControls, type ObjectSyncOptions, readSyncAnnotations, type SyncAnnotations } from './kubernetes/sync-annotations.ts'
export { readWave } from './kubernetes/waves.ts'
export {
  ApplicationSource,
  ApplicationSpec,
  Destination,
  IgnoreDifference,
  RenderOptions,
  RetryPolicy,
  SyncOptions,
  SyncPolicy,
} from './model/application.ts'
export { ApplicationSetSpec, Generator, LabelSelector } from './model/application-set.ts'
export { GitReference, GitRepositorySpec, targetRevision } from './model/git-repository.ts'
export { AppProjectSpec, ProjectDestination, ProjectRole, ResourceRule, SyncWindow } from './model/project.ts'
export { ApplicationId, ClusterId, CommitSha, Digest, ObjectRef, refKey, SourcePosition } from './model/refs.ts'
export { Extraneous, Health, healthOrder, ResourceState, SyncPhase, SyncStatus, worstHealth } from './model/status.ts'
export { type DestinationCluster, explainRefusal, projectAllows, type Refusal } from './project/decide.ts'
export { defaultProject } from './project/default-project.ts'
export { normalizeGitUrl } from './project/git-url.ts'
export { deletionBudgetKey } from './read/deletion-budget.ts'
export { durationMs } from './read/duration.ts'
export type { Read, Warning } from './read/warnings.ts'
export { documentAt, isObject, type Json, type JsonObject, type ManifestDocument, type Pointer, pointerText } from './yaml/document.ts'
export { defaultYamlLimits, type YamlLimits } from './yaml/limits.ts'
export { decodeText, parseDocuments, parseValues, type TextOrigin } from './yaml/parse.ts'
