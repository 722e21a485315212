import type { KubernetesObject } from '../kubernetes/object.ts'
import { groupOf } from '../kubernetes/object.ts'
import { assessHorizontalPodAutoscaler } from './assess/autoscaler.ts'
import { assessDaemonSet } from './assess/daemon-set.ts'
import { assessApiService, assessCustomResourceDefinition } from './assess/definitions.ts'
import { assessDeployment } from './assess/deployment.ts'
import { type Assessment, healthy } from './assess/fields.ts'
import { assessCronJob, assessJob } from './assess/job.ts'
import { assessIngress, assessService } from './assess/network.ts'
import { assessPod } from './assess/pod.ts'
import { assessReplicaSet } from './assess/replica-set.ts'
import { assessStatefulSet } from './assess/stateful-set.ts'
import { assessPersistentVolumeClaim } from './assess/storage.ts'

type Rule = (object: KubernetesObject) => Assessment

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', assessDeployment],
  ['apps/ReplicaSet', assessReplicaSet],
  ['apps/StatefulSet', assessStatefulSet],
  ['apps/DaemonSet', assessDaemonSet],
  ['/Pod', assessPod],
  ['batch/Job', assessJob],
  ['batch/CronJob', assessCronJob],
  ['/PersistentVolumeClaim', assessPersistentVolumeClaim],
  ['/Service', assessService],
  ['networking.k8s.io/Ingress', assessIngress],
  ['autoscaling/HorizontalPodAutoscaler', assessHorizontalPodAutoscaler],
  ['apiextensions.k8s.io/CustomResourceDefinition', assessCustomResourceDefinition],
  ['apiregistration.k8s.io/APIService', assessApiService],
])

/** Whether health of this kind is more than existence. */
export function hasHealthRule(group: string, kind: string): boolean {
  return rules.has(`${group}/${kind}`)
}

/** Health of one live object (Argo CD's built-in checks, reference 1.7). A kind without a rule is Healthy because it exists; one on its way out is Progressing. */
export function assess(object: KubernetesObject): Assessment {
  if (object.metadata.deletionTimestamp !== undefined) return { health: 'Progressing', message: 'pending deletion' }
  const rule = rules.get(`${groupOf(object.apiVersion)}/${object.kind}`)
  return rule ? rule(object) : healthy
}
