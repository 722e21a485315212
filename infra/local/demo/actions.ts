import { FairleadError } from '@fairlead/errors'
import { kubernetesClient } from '../kubernetes/request.ts'
import type { ClusterAccess } from '../supervisor/stack.ts'
import type { DemoRepository } from './demo-repository.ts'

const overlays = ['dev', 'staging', 'production'].map((environment) => `storefront/overlays/${environment}/kustomization.yaml`)

/** What a demo action did, in a sentence, and where to look next. */
export interface DemoResult {
  readonly text: string
  readonly next: string
  readonly commit?: string
}

/** Releases the storefront: one commit that raises its image tag in all three environments. */
export async function commitNewTag(repository: DemoRepository): Promise<DemoResult> {
  const { tag, commit } = await release(repository, (next) => ({ tag: next, message: `Release storefront ${next}` }))
  return {
    commit,
    text: `pushed ${commit.slice(0, 7)}: storefront ${tag} in dev, staging and production`,
    next: 'fairlead events -w   # dev first, then staging, then production',
  }
}

/** Releases a storefront whose pods never become ready. The next `commitNewTag` mends it. */
export async function breakRelease(repository: DemoRepository): Promise<DemoResult> {
  const { tag, commit } = await release(repository, (next) => ({ tag: `${next}-broken`, message: `Release storefront ${next}, faster` }))
  return {
    commit,
    text: `pushed ${commit.slice(0, 7)}: storefront ${tag} never becomes ready; dev takes the blow, the later waves are not touched`,
    next: 'fairlead describe app/dev-storefront   # then mend it: fairlead demo commit',
  }
}

/** Edits a live object behind Git's back: scales the storefront of the home cluster's dev environment to zero. */
export async function driftLiveObject(cluster: ClusterAccess): Promise<DemoResult> {
  await using client = kubernetesClient({ url: cluster.url, token: cluster.adminToken, certificate: cluster.certificate })
  const path = '/apis/apps/v1/namespaces/storefront-dev/deployments/storefront'
  const { status, body } = await client.send('PATCH', path, { spec: { replicas: 0 } })
  if (status !== 200) {
    throw new FairleadError('KUBERNETES_REFUSED', `Deployment storefront-dev/storefront could not be edited: ${status}`, {
      cause: JSON.stringify(body),
      next: 'wait until it is there: fairlead wait app/dev-storefront',
    })
  }
  return {
    text: `scaled Deployment storefront-dev/storefront on ${cluster.name} to 0 by hand`,
    next: 'fairlead events -w   # seen as drift and healed',
  }
}

async function release(
  repository: DemoRepository,
  choose: (next: string) => { tag: string; message: string },
): Promise<{ tag: string; commit: string }> {
  // The first overlay's tag counts; the message needs it before the commit is made.
  const current = await repository.read(overlays[0]!)
  const { tag, message } = choose(nextVersion(current))
  const commit = await repository.commit(message, overlays, (texts) => texts.map((text) => text.replace(tagPattern, `$1${tag}`)))
  return { tag, commit }
}

const tagPattern = /^(\s*newTag:\s*)\S+$/m

/** The patch version after the one that a kustomization names. */
export function nextVersion(kustomization: string): string {
  const match = /^\s*newTag:\s*"?(\d+)\.(\d+)\.(\d+)/m.exec(kustomization)
  if (!match)
    throw new FairleadError('MANIFEST_INVALID', 'the storefront overlay names no image tag of three numbers', {
      where: { file: overlays[0]! },
    })
  return `${match[1]}.${match[2]}.${Number(match[3]) + 1}`
}
