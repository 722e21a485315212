import type { ObjectRef } from '@fairlead/manifests'
import type { SyncPlan } from '@fairlead/messages'
import { shortName } from '../kubernetes/object.ts'
import type { AgentPolicy } from './policy.ts'

/** Namespaces of Kubernetes itself: never deleted, whatever a policy says. */
const undeletable = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease'])

/** Why the policy forbids an object; undefined when it allows it. A Namespace counts as its own namespace. */
export function forbids(policy: AgentPolicy, ref: ObjectRef): string | undefined {
  const { kinds, namespaces } = policy
  if (!kinds.allow.some((rule) => isKind(rule, ref))) return `the agent's policy does not allow kind ${kindName(ref)}`
  if (kinds.deny.some((rule) => isKind(rule, ref))) return `the agent's policy denies kind ${kindName(ref)}`
  const namespace = ref.group === '' && ref.kind === 'Namespace' ? ref.name : ref.namespace
  if (namespace === '') return policy.clusterScoped ? undefined : `the agent's policy denies cluster-scoped objects (${shortName(ref)})`
  if (!namespaces.allow.some((pattern) => glob(pattern, namespace))) return `the agent's policy does not allow namespace ${namespace}`
  if (namespaces.deny.some((pattern) => glob(pattern, namespace))) return `the agent's policy denies namespace ${namespace}`
  return undefined
}

/** Why the policy forbids a plan: the first task that it does not allow, or too many deletions; undefined when it allows it. */
export function forbidsPlan(policy: AgentPolicy, plan: SyncPlan): string | undefined {
  const tasks = [...plan.steps, ...plan.failSteps].flatMap((step) => step.tasks)
  for (const task of tasks) {
    const reason = forbids(policy, task.ref)
    if (reason !== undefined) return reason
    if (task.action === 'prune' && task.ref.group === '' && task.ref.kind === 'Namespace' && undeletable.has(task.ref.name)) {
      return `namespace ${task.ref.name} is never deleted`
    }
  }
  const prunes = new Set(tasks.filter((task) => task.action === 'prune').map((task) => JSON.stringify(task.ref))).size
  if (policy.maxPrunes !== null && prunes > policy.maxPrunes) {
    return `the plan deletes ${prunes} objects and the agent's policy allows ${policy.maxPrunes}`
  }
  return undefined
}

function isKind(rule: { readonly group: string; readonly kind: string }, ref: ObjectRef): boolean {
  return glob(rule.group, ref.group) && glob(rule.kind, ref.kind)
}

function kindName(ref: ObjectRef): string {
  return ref.group === '' ? ref.kind : `${ref.kind}.${ref.group}`
}

/** `*` stands for any text; nothing else is special. */
export function glob(pattern: string, value: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === value
  if (!value.startsWith(first)) return false
  const last = rest.pop() as string
  let from = first.length
  for (const part of rest) {
    const found = value.indexOf(part, from)
    if (found === -1) return false
    from = found + part.length
  }
  return value.length - last.length >= from && value.endsWith(last)
}
