/** A cluster as an ApplicationSet sees it. */
export interface ClusterInput {
  readonly name: string
  readonly server: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly project?: string
}

/** What the generators look at. The functions are asked only for repositories that a generator names. */
export interface GeneratorInputs {
  readonly clusters: readonly ClusterInput[]
  /** Paths of all folders in the revision's tree. */
  directories(repoURL: string, revision: string): Promise<readonly string[]> | readonly string[]
  /** The files whose path `wanted` accepts, with their text. */
  files(
    repoURL: string,
    revision: string,
    wanted: (path: string) => boolean,
  ): Promise<readonly { readonly path: string; readonly text: string }[]> | readonly { readonly path: string; readonly text: string }[]
}
