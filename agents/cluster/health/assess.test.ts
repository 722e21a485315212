import type { Health } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { assessApplication, type Child } from './assess/application.ts'
import { assess, hasHealthRule } from './assess.ts'

type Loose = Record<string, unknown>

const object = (type: string, status: Loose | undefined, spec: Loose = {}, metadata: Loose = {}): KubernetesObject => {
  const [apiVersion, kind] = [type.slice(0, type.lastIndexOf('/')), type.slice(type.lastIndexOf('/') + 1)]
  return { apiVersion, kind, metadata: { name: 'x', generation: 2, ...metadata }, spec, ...(status && { status }) }
}
const condition = (type: string, status = 'True', reason = '', message = '') => ({ conditions: [{ type, status, reason, message }] })
const pod = (status: Loose, spec: Loose = { restartPolicy: 'Always' }, metadata: Loose = {}) => object('v1/Pod', status, spec, metadata)
const waiting = (reason?: string, message?: string) => ({ containerStatuses: [{ name: 'c', state: { waiting: { reason, message } } }] })
const ended = (terminated: Loose) => ({ phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated } }] })
const seen = { observedGeneration: 2 }
const done = { ...seen, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 }
const hpa = (...conditions: Loose[]) => object('autoscaling/v2/HorizontalPodAutoscaler', { conditions })
const hpa1 = (text?: string) =>
  object(
    'autoscaling/v1/HorizontalPodAutoscaler',
    {},
    {},
    text === undefined ? {} : { annotations: { 'autoscaling.alpha.kubernetes.io/conditions': text } },
  )

describe("Argo CD's built-in rules", () => {
  test.each<[string, KubernetesObject, Health, string?]>([
    ['a kind without a rule exists and is well', object('v1/ConfigMap', undefined), 'Healthy'],
    [
      'anything being deleted',
      object('v1/ConfigMap', undefined, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      'Progressing',
      'pending deletion',
    ],

    ['Deployment paused', object('apps/v1/Deployment', done, { paused: true }), 'Suspended'],
    ['Deployment not observed', object('apps/v1/Deployment', { ...done, observedGeneration: 1 }, { replicas: 2 }), 'Progressing'],
    ['Deployment without status', object('apps/v1/Deployment', undefined, { replicas: 2 }), 'Progressing'],
    [
      'Deployment past its deadline',
      object(
        'apps/v1/Deployment',
        { ...done, ...condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'timed out') },
        { replicas: 2 },
      ),
      'Degraded',
      'the Deployment exceeded its progress deadline: timed out',
    ],
    [
      'Deployment past its deadline, wordless',
      object('apps/v1/Deployment', { ...seen, ...condition('Progressing', 'False', 'ProgressDeadlineExceeded') }),
      'Degraded',
      'the Deployment exceeded its progress deadline',
    ],
    [
      'Deployment creating replicas',
      object('apps/v1/Deployment', { ...done, updatedReplicas: 1 }, { replicas: 2 }),
      'Progressing',
      '1 of 2 new replicas have been created',
    ],
    [
      'Deployment removing old replicas',
      object('apps/v1/Deployment', { ...done, replicas: 3 }, { replicas: 2 }),
      'Progressing',
      '1 old replicas are still to go',
    ],
    [
      'Deployment waiting for pods',
      object('apps/v1/Deployment', { ...done, availableReplicas: 0 }, { replicas: 2 }),
      'Progressing',
      '0 of 2 new replicas are available',
    ],
    ['Deployment complete', object('apps/v1/Deployment', { ...done, ...condition('Progressing') }, { replicas: 2 }), 'Healthy'],
    ['Deployment of none', object('apps/v1/Deployment', seen, { replicas: 0 }), 'Healthy'],

    ['ReplicaSet not observed', object('apps/v1/ReplicaSet', { observedGeneration: 1 }), 'Progressing'],
    [
      'ReplicaSet that cannot create pods',
      object('apps/v1/ReplicaSet', { ...seen, ...condition('ReplicaFailure', 'True', '', 'quota') }),
      'Degraded',
      'quota',
    ],
    ['ReplicaSet waiting', object('apps/v1/ReplicaSet', { ...seen, availableReplicas: 1 }, { replicas: 2 }), 'Progressing'],
    ['ReplicaSet complete', object('apps/v1/ReplicaSet', done, { replicas: 2 }), 'Healthy'],

    ['StatefulSet never observed', object('apps/v1/StatefulSet', {}, { replicas: 1 }, { generation: 0 }), 'Progressing'],
    ['StatefulSet not observed', object('apps/v1/StatefulSet', { observedGeneration: 1 }, {}), 'Progressing'],
    [
      'StatefulSet waiting for pods',
      object('apps/v1/StatefulSet', { ...done, readyReplicas: 1 }, { replicas: 2 }),
      'Progressing',
      '1 of 2 pods are ready',
    ],
    [
      'StatefulSet updated by hand',
      object(
        'apps/v1/StatefulSet',
        { ...done, updateRevision: 'b', currentRevision: 'a' },
        { replicas: 2, updateStrategy: { type: 'OnDelete' } },
      ),
      'Healthy',
    ],
    [
      'StatefulSet rolling',
      object(
        'apps/v1/StatefulSet',
        { ...done, updatedReplicas: 1 },
        { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
      ),
      'Progressing',
      '1 of 2 pods are updated',
    ],
    [
      'StatefulSet with its part rolled out',
      object(
        'apps/v1/StatefulSet',
        { ...done, updatedReplicas: 1 },
        { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      ),
      'Healthy',
    ],
    [
      'StatefulSet between revisions',
      object('apps/v1/StatefulSet', { ...done, updateRevision: 'b', currentRevision: 'a' }, { replicas: 2 }),
      'Progressing',
    ],
    [
      'StatefulSet complete',
      object('apps/v1/StatefulSet', { ...done, updateRevision: 'b', currentRevision: 'b' }, { replicas: 2 }),
      'Healthy',
    ],

    ['DaemonSet not observed', object('apps/v1/DaemonSet', { observedGeneration: 1 }), 'Progressing'],
    [
      'DaemonSet updated by hand',
      object('apps/v1/DaemonSet', { ...seen, desiredNumberScheduled: 3 }, { updateStrategy: { type: 'OnDelete' } }),
      'Healthy',
    ],
    [
      'DaemonSet updating',
      object('apps/v1/DaemonSet', { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 1 }),
      'Progressing',
      '1 of 3 pods are updated',
    ],
    [
      'DaemonSet waiting',
      object('apps/v1/DaemonSet', { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
      'Progressing',
      '2 of 3 pods are available',
    ],
    [
      'DaemonSet complete',
      object('apps/v1/DaemonSet', { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }),
      'Healthy',
    ],

    [
      'Pod that cannot pull its image',
      pod({ phase: 'Pending', ...waiting('ImagePullBackOff', 'no such image') }),
      'Degraded',
      'no such image',
    ],
    ['Pod that keeps crashing', pod({ phase: 'Running', ...waiting('CrashLoopBackOff') }), 'Degraded', 'CrashLoopBackOff'],
    ['Pod with a broken configuration', pod({ phase: 'Pending', ...waiting('CreateContainerConfigError') }), 'Degraded'],
    ['Pod whose image name is wrong', pod({ phase: 'Pending', ...waiting('ErrImagePull') }), 'Degraded'],
    ['Pod that is being created', pod({ phase: 'Pending', ...waiting('ContainerCreating') }), 'Progressing'],
    ['Pod that waits without a reason', pod({ phase: 'Pending', message: 'unschedulable', ...waiting() }), 'Progressing', 'unschedulable'],
    [
      'Pod that runs once and cannot pull yet',
      pod({ phase: 'Pending', ...waiting('ImagePullBackOff') }, { restartPolicy: 'Never' }),
      'Progressing',
    ],
    ['Pod that is done', pod({ phase: 'Succeeded' }, { restartPolicy: 'Never' }), 'Healthy'],
    ['Pod that failed and says why', pod({ phase: 'Failed', message: 'evicted' }, { restartPolicy: 'Never' }), 'Degraded', 'evicted'],
    ['Pod whose container says why', pod(ended({ message: 'bad flag' }), { restartPolicy: 'Never' }), 'Degraded', 'bad flag'],
    ['Pod out of memory', pod(ended({ reason: 'OOMKilled' }), { restartPolicy: 'Never' }), 'Degraded', 'container c ran out of memory'],
    ['Pod with an exit code', pod(ended({ exitCode: 3 }), { restartPolicy: 'Never' }), 'Degraded', 'container c ended with exit code 3'],
    ['Pod that failed for no reason', pod(ended({ exitCode: 0 }), { restartPolicy: 'Never' }), 'Degraded', 'the Pod failed'],
    ['Pod that runs once and runs', pod({ phase: 'Running' }, { restartPolicy: 'OnFailure' }), 'Progressing'],
    [
      'Pod that runs once and may',
      pod({ phase: 'Running' }, { restartPolicy: 'Never' }, { annotations: { 'argocd.argoproj.io/ignore-restart-policy': 'true' } }),
      'Healthy',
    ],
    ['Pod ready', pod({ phase: 'Running', ...condition('Ready') }), 'Healthy'],
    ['Pod whose policy is the default', pod({ phase: 'Running', ...condition('Ready') }, {}), 'Healthy'],
    [
      'Pod that restarted and is not ready',
      pod({ phase: 'Running', containerStatuses: [{ lastState: { terminated: { exitCode: 1 } } }], ...condition('Ready', 'False') }),
      'Degraded',
    ],
    ['Pod starting', pod({ phase: 'Running', containerStatuses: [{}] }), 'Progressing'],
    ['Pod of no phase', pod({}), 'Unknown', 'the Pod has no phase'],
    ['Pod that its node lost', pod({ phase: 'Unknown', message: 'node lost' }), 'Unknown', 'node lost'],

    ['Job running', object('batch/v1/Job', { active: 1 }), 'Progressing'],
    ['Job failed', object('batch/v1/Job', condition('Failed', 'True', '', 'backoff limit')), 'Degraded', 'backoff limit'],
    ['Job failed without a word', object('batch/v1/Job', condition('Failed')), 'Degraded', 'the Job failed'],
    ['Job whose failure was taken back', object('batch/v1/Job', condition('Failed', 'False')), 'Progressing'],
    ['Job complete', object('batch/v1/Job', condition('Complete')), 'Healthy'],
    ['Job suspended', object('batch/v1/Job', condition('Suspended', 'True', '', 'by user')), 'Suspended', 'by user'],
    ['Job suspended without a word', object('batch/v1/Job', condition('Suspended')), 'Suspended', 'the Job is suspended'],
    ['CronJob', object('batch/v1/CronJob', {}, { suspend: false }), 'Healthy'],
    ['CronJob suspended', object('batch/v1/CronJob', {}, { suspend: true }), 'Suspended'],

    ['claim bound', object('v1/PersistentVolumeClaim', { phase: 'Bound' }), 'Healthy'],
    ['claim pending', object('v1/PersistentVolumeClaim', { phase: 'Pending' }), 'Progressing'],
    ['claim lost', object('v1/PersistentVolumeClaim', { phase: 'Lost' }), 'Degraded'],
    ['claim of no phase', object('v1/PersistentVolumeClaim', {}), 'Unknown'],

    ['Service', object('v1/Service', {}, { type: 'ClusterIP' }), 'Healthy'],
    ['load balancer without address', object('v1/Service', { loadBalancer: {} }, { type: 'LoadBalancer' }), 'Progressing'],
    ['load balancer', object('v1/Service', { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } }, { type: 'LoadBalancer' }), 'Healthy'],
    ['Ingress without address', object('networking.k8s.io/v1/Ingress', {}), 'Progressing'],
    ['Ingress', object('networking.k8s.io/v1/Ingress', { loadBalancer: { ingress: [{ hostname: 'a' }] } }), 'Healthy'],

    ['autoscaler at its start', hpa(), 'Progressing'],
    ['autoscaler that can scale', hpa({ type: 'AbleToScale', status: 'True' }), 'Healthy'],
    ['autoscaler at its limit', hpa({ type: 'ScalingActive', status: 'True' }, { type: 'ScalingLimited', status: 'True' }), 'Healthy'],
    [
      'autoscaler without metrics',
      hpa({ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message: 'no metrics' }),
      'Degraded',
      'no metrics',
    ],
    ['autoscaler that cannot decide', hpa({ type: 'AbleToScale', status: 'False', reason: 'Other' }), 'Progressing'],
    ['autoscaler v1 by its annotation', hpa1('[{"type":"AbleToScale","status":"True"}]'), 'Healthy'],
    ['autoscaler v1 without annotation', hpa1(), 'Progressing'],
    ['autoscaler v1 with a broken annotation', hpa1('{'), 'Progressing'],

    ['CRD at its start', object('apiextensions.k8s.io/v1/CustomResourceDefinition', {}), 'Progressing'],
    ['CRD established', object('apiextensions.k8s.io/v1/CustomResourceDefinition', condition('Established')), 'Healthy'],
    [
      'CRD whose names are taken',
      object('apiextensions.k8s.io/v1/CustomResourceDefinition', condition('NamesAccepted', 'False', '', 'taken')),
      'Degraded',
      'taken',
    ],
    [
      'CRD whose names are taken, wordless',
      object('apiextensions.k8s.io/v1/CustomResourceDefinition', condition('NamesAccepted', 'False')),
      'Degraded',
      'its names are taken',
    ],
    ['APIService at its start', object('apiregistration.k8s.io/v1/APIService', {}), 'Progressing'],
    [
      'APIService down',
      object('apiregistration.k8s.io/v1/APIService', condition('Available', 'False', 'MissingEndpoints', 'none')),
      'Progressing',
      'MissingEndpoints: none',
    ],
    ['APIService', object('apiregistration.k8s.io/v1/APIService', condition('Available')), 'Healthy'],
  ])('%s', (_, live, health, message) => {
    const assessment = assess(live)
    expect(assessment.health).toBe(health)
    if (message !== undefined) expect(assessment.message).toBe(message)
  })

  test('whether health is more than existence', () => {
    expect([hasHealthRule('apps', 'Deployment'), hasHealthRule('', 'Secret')]).toEqual([true, false])
  })
})

describe('health of an application', () => {
  const child = (health: Health, more: Partial<Child> = {}): Child => ({
    health,
    hook: false,
    ignoreHealth: false,
    name: 'Kind a/b',
    ...more,
  })
  test.each<[string, Child[], Health, string?]>([
    ['of none', [], 'Healthy'],
    ['all well', [child('Healthy'), child('Healthy')], 'Healthy'],
    [
      'the worst counts',
      [child('Healthy'), child('Progressing'), child('Degraded', { message: 'bad', name: 'Pod p' }), child('Suspended')],
      'Degraded',
      'Pod p: bad',
    ],
    ['a message of its own is not needed', [child('Progressing')], 'Progressing', 'Kind a/b'],
    ['hooks do not count', [child('Healthy'), child('Degraded', { hook: true })], 'Healthy'],
    ['nor does what says so', [child('Healthy'), child('Degraded', { ignoreHealth: true })], 'Healthy'],
    ['a missing object does not count', [child('Healthy'), child('Missing')], 'Healthy'],
    ['unless all are missing', [child('Missing'), child('Missing')], 'Missing', 'none of its objects exists'],
    ['Unknown is the worst', [child('Unknown'), child('Degraded')], 'Unknown'],
  ])('%s', (_, children, health, message) => {
    const assessment = assessApplication(children)
    expect(assessment.health).toBe(health)
    if (message !== undefined) expect(assessment.message).toBe(message)
  })
})
