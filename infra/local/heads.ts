import { join } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { fileTarget, gitTarget, type HeadTarget, httpTarget } from '@fairlead/ledger'
import { environmentFile } from '@fairlead/process'
import type { GivenKeys } from './head-keys.ts'

/** Where a hub with this folder always publishes its heads, and finds them again. */
export const headsIn = (state: string): string => join(state, 'heads.jsonl')

/** Where signed heads are published, and how often; the variables are described beside `fairleadProcesses`. Throws `BAD_USER_INPUT` naming one that is wrong. */
export function headTargets(state: string): { readonly targets: readonly HeadTarget[]; readonly intervalMs: number | undefined } {
  const { FAIRLEAD_HEADS_FILE: file, FAIRLEAD_HEADS_GIT: repository, FAIRLEAD_HEADS_URL: url } = process.env
  const targets = [fileTarget(headsIn(state))]
  if (file) targets.push(fileTarget(file))
  if (repository) {
    const token = tokenIn('FAIRLEAD_HEADS_GIT_TOKEN_FILE')
    const everyMs = milliseconds('FAIRLEAD_HEADS_GIT_INTERVAL_MS')
    const branch = process.env.FAIRLEAD_HEADS_GIT_BRANCH || undefined
    targets.push(gitTarget({ url: repository, folder: join(state, 'heads.git'), branch, token, everyMs }))
  }
  if (url) targets.push(httpTarget(url, { token: tokenIn('FAIRLEAD_HEADS_URL_TOKEN_FILE') }))
  return { targets, intervalMs: milliseconds('FAIRLEAD_HEADS_INTERVAL_MS') }
}

/** The keys that heads are signed with: one of their own, or that of the commands to agents. */
export function givenHeadKeys(): GivenKeys {
  const commands = environmentFile('FAIRLEAD_SIGNING_KEY')
  const { FAIRLEAD_HEADS_KEY: own, FAIRLEAD_HEADS_PREVIOUS_KEY: previous } = process.env
  return {
    signing: own ? environmentFile('FAIRLEAD_HEADS_KEY') : commands,
    // Who gives heads a key of their own has the one before here.
    previous: previous === 'lost' ? previous : previous ? environmentFile('FAIRLEAD_HEADS_PREVIOUS_KEY') : own ? commands : undefined,
    overlapMs: milliseconds('FAIRLEAD_HEADS_OVERLAP_MS'),
  }
}

const tokenIn = (name: string) => (process.env[name] ? environmentFile(name) : undefined)

function milliseconds(name: string): number | undefined {
  const text = process.env[name]
  if (!text) return undefined
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text)
  throw new FairleadError('BAD_USER_INPUT', `${name} is no number of milliseconds: ${JSON.stringify(text)}`, {
    next: 'write a whole number',
  })
}
