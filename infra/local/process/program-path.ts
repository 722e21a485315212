import { type ProgramName, resolveProgram } from '@fairlead/toolchain'

/** Where a program of the toolchain is; waits for it when it is still being built. */
export async function programPath(name: ProgramName, signal?: AbortSignal): Promise<string> {
  return (await resolveProgram(name, { signal })).path
}
