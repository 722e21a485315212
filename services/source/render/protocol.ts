import { type ErrorCode, errorCodes, FairleadError } from '@fairlead/errors'
import type { JsonObject } from '@fairlead/manifests'

/** One rendered manifest; `path` is in the repository, `line` is 1-based and known for plain files. */
export interface RenderedObject {
  readonly path: string
  readonly line?: number
  readonly manifest: JsonObject
}

/** An input file as the renderer gets it: path in the repository and Git blob id; `link` is a symbolic link, which has no content. */
export type InputFile = readonly [path: string, blob: string] | readonly [path: string, blob: '', kind: 'link']

export interface RenderRequest {
  readonly tool: 'kustomize' | 'flux-kustomize' | 'helm' | 'directory'
  /** Folder of the application in the repository, `.` for its root. */
  readonly path: string
  /** All inputs; what is not among them is not there for the render. */
  readonly files: readonly InputFile[]
  /** The tool's options, in the spelling of `RenderOptions`. */
  readonly options: Record<string, unknown>
  /** Helm: release name and namespace. */
  readonly release?: { readonly name: string; readonly namespace: string }
  /** Helm: [name for messages, blob], lowest precedence first. */
  readonly valueFiles?: readonly (readonly [string, string])[]
  /** Helm: [parameter name, blob]. */
  readonly fileParameters?: readonly (readonly [string, string])[]
  readonly limits?: RenderLimits
}

/** Bounds of one render; absent means the renderer's default (10,000 objects, 16 MiB out, 32 MiB in). */
export interface RenderLimits {
  readonly maxObjects?: number
  readonly maxOutputBytes?: number
  readonly maxInputBytes?: number
}

/** What one file names as further inputs. */
export interface References {
  readonly references: readonly Reference[]
  /** What else it reads cannot be told, so everything in its folder is an input. */
  readonly whole?: boolean
}

export interface Reference {
  /** Kustomization field that names the path, or `import`, `importstr`, `importbin`. */
  readonly field: string
  readonly path: string
  /** The text may also be an inline document; nothing has to be there. */
  readonly optional?: boolean
}

export interface RendererFailure {
  readonly code: string
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly cause?: string
}

export interface Response {
  readonly id: number
  readonly ok?: unknown
  readonly need?: readonly string[]
  readonly error?: RendererFailure
}

/** The renderer's typed failure as the house's error. */
export function rendererError(failure: RendererFailure): FairleadError {
  const code: ErrorCode = failure.code in errorCodes ? (failure.code as ErrorCode) : 'INTERNAL'
  const where = { ...(failure.file ? { file: failure.file } : {}), ...(failure.line ? { line: failure.line } : {}) }
  return new FairleadError(code, failure.message, {
    ...(failure.cause ? { cause: failure.cause } : {}),
    ...(Object.keys(where).length > 0 ? { where } : {}),
  })
}
