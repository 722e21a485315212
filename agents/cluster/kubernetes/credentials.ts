import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FairleadError } from '@fairlead/errors'
import { z } from 'zod'

/** How to reach an API server, as `@kubernetes/client-node` reads it from a kubeconfig (exec plugins, token files and providers included). */
export const ClusterAccess = z.object({
  server: z.string(),
  /** PEM. */
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  servername: z.string().optional(),
  skipTlsVerify: z.boolean(),
  headers: z.record(z.string(), z.string()),
  /** Asking again later may give other credentials. */
  expires: z.boolean(),
})
export type ClusterAccess = z.infer<typeof ClusterAccess>

const program = fileURLToPath(new URL('credentials-process.ts', import.meta.url))

/** Reads a kubeconfig; undefined = the service account of the pod. Throws `BAD_USER_INPUT` with the end of what the reader said. */
export async function readAccess(kubeconfig: string | undefined, signal?: AbortSignal): Promise<ClusterAccess> {
  try {
    const options = { timeout: 30_000, maxBuffer: 1024 * 1024, ...(signal && { signal }) }
    const { stdout } = await promisify(execFile)(process.execPath, [program, kubeconfig ?? ''], options)
    return ClusterAccess.parse(JSON.parse(stdout))
  } catch (error) {
    signal?.throwIfAborted()
    const said = (error as { stderr?: string }).stderr?.split('\n').find((line) => line.includes('Error'))
    throw new FairleadError('BAD_USER_INPUT', `the kubeconfig ${kubeconfig ?? 'of the pod'} cannot be used`, { cause: said ?? error })
  }
}
