import { describe, expect, test } from 'vitest'
import { definition, type InputOptions, live, object, plan, shownSteps } from '../testing/plan-input.ts'

const steps = (more: InputOptions) => shownSteps(plan(more).steps)
const whys = (more: InputOptions) =>
  plan(more).steps.flatMap((step) => step.tasks.map((task) => `${task.ref.kind}/${task.ref.name}: ${task.why}`))

describe('Validate=false', () => {
  const tasks = (more: InputOptions) => plan(more).steps.flatMap((step) => step.tasks.map(({ ref, validate }) => [ref.name, validate]))
  const bundle = [
    object('ConfigMap/a'),
    object('ConfigMap/b', { options: 'Validate=false' }),
    object('ConfigMap/c', { options: 'Validate=true' }),
  ]

  test('of an object concerns that one, of the application all of them, whatever an object says', () => {
    const own = [
      ['a', undefined],
      ['b', false],
      ['c', undefined],
    ]
    expect(tasks({ bundle })).toEqual(own)
    expect(tasks({ bundle, options: { validate: false } })).toEqual(own.map(([name]) => [name, false]))
  })
})

describe('RespectIgnoreDifferences', () => {
  const ignoreDifferences = [
    { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'], jqPathExpressions: [], managedFieldsManagers: [] },
  ]
  const said = (respectIgnoreDifferences: boolean, rules = ignoreDifferences) =>
    plan({ bundle: [object('Deployment/web')], spec: { ignoreDifferences: rules }, options: { respectIgnoreDifferences } })
      .ignoreDifferences

  test('takes the fields that a sync must not change into the plan', () => {
    expect(said(true)).toEqual(ignoreDifferences)
  })

  test.each([
    ['it is not set', said(false)],
    ['there are none', said(true, [])],
  ])('not when %s', (_, none) => {
    expect(none).toBeUndefined()
  })
})

describe('order', () => {
  test('phases, then waves, then kinds, then names; all but the last wave wait for health', () => {
    const bundle = [
      object('Deployment/web', { wave: '1' }),
      object('Service/web'),
      object('ConfigMap/b'),
      object('ConfigMap/a'),
      object('Job/migrate', { hook: 'PreSync', wave: '-1' }),
      object('Job/smoke', { hook: 'PostSync' }),
      object('Widget/z'),
      object('Namespace/shop'),
    ]
    expect(steps({ bundle })).toEqual([
      'PreSync -1*: apply Namespace/shop, hook Job/migrate',
      'Sync 0*: apply ConfigMap/a, apply ConfigMap/b, apply Service/web, apply Widget/z',
      'Sync 1*: apply Deployment/web',
      'PostSync 0*: hook Job/smoke',
    ])
  })

  test('a single wave does not wait for health, as in Argo CD', () => {
    expect(steps({ bundle: [object('Deployment/web')] })).toEqual(['Sync 0: apply Deployment/web'])
  })

  test('it does when others wait for the application, or when Flux says wait', () => {
    expect(steps({ bundle: [object('Deployment/web')], waitLast: true })).toEqual(['Sync 0*: apply Deployment/web'])
    expect(steps({ bundle: [object('Deployment/web')], spec: { waitForHealth: true } })).toEqual(['Sync 0*: apply Deployment/web'])
  })

  test('kinds without a rank sort by name among themselves', () => {
    expect(steps({ bundle: [object('Widget/b'), object('Gadget/c'), object('Gadget/a')] })).toEqual([
      'Sync 0: apply Gadget/a, apply Widget/b, apply Gadget/c',
    ])
  })

  test('names that are equal are told apart by kind, namespace and group', () => {
    const bundle = [object('Widget/a'), object('Gadget/a'), object('ConfigMap/two/a'), object('ConfigMap/one/a')]
    const core = { ...object('Widget/a'), ref: { group: 'another.org', kind: 'Widget', namespace: 'shop', name: 'a' } }
    const tasks = plan({ bundle: [...bundle, core] }).steps[0]!.tasks.map(
      ({ ref }) => `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`,
    )
    expect(tasks).toEqual([
      '/ConfigMap/one/a',
      '/ConfigMap/two/a',
      'example.org/Gadget/shop/a',
      'another.org/Widget/shop/a',
      'example.org/Widget/shop/a',
    ])
  })

  test('of an object that appears twice the last counts', () => {
    const tasks = plan({ bundle: [object('ConfigMap/a', { wave: '1' }), object('ConfigMap/a', { wave: '2' })] }).steps.flatMap(
      (step) => step.tasks,
    )
    expect(tasks).toMatchObject([{ object: 1, why: 'Sync, wave 2' }])
  })

  test('every task says why it stands where it stands', () => {
    const bundle = [object('Deployment/web', { wave: '3' }), object('Job/migrate', { hook: 'PreSync' }), object('Namespace/shop')]
    expect(whys({ bundle, inventory: [live('Service/old', 2)] })).toEqual([
      'Namespace/shop: Namespace before what lives in it: Job shop/migrate stands in PreSync, wave 0',
      'Job/migrate: PreSync hook, wave 0',
      'Service/old: no longer in Git; applied in wave 2, so pruned in wave 2',
      'Deployment/web: Sync, wave 3',
    ])
  })
})

describe('hooks', () => {
  test('one task for each phase', () => {
    expect(steps({ bundle: [object('Job/both', { hook: 'PreSync,PostSync' })] })).toEqual([
      'PreSync 0*: hook Job/both',
      'PostSync 0*: hook Job/both',
    ])
  })

  test('SyncFail stands apart', () => {
    const made = plan({ bundle: [object('Job/undo', { hook: 'SyncFail' }), object('Deployment/web')] })
    expect(shownSteps(made.steps)).toEqual(['Sync 0: apply Deployment/web'])
    expect(shownSteps(made.failSteps)).toEqual(['SyncFail 0*: hook Job/undo'])
  })

  test.each([
    ['an unknown value', 'Presync', 'its hook annotation names no phase of a sync'],
    ['Skip', 'Skip', 'its hook annotation says Skip'],
  ])('%s makes a hook that never runs', (_, hook, why) => {
    const made = plan({ bundle: [object('Job/odd', { hook })] })
    expect(made).toMatchObject({ steps: [], notes: [`Job shop/odd is not applied: ${why}`] })
  })

  test('hooks of a deletion are left out with a note', () => {
    expect(plan({ bundle: [object('Job/bye', { hook: 'PreDelete' })] })).toMatchObject({
      steps: [],
      notes: ['Job shop/bye is not run in PreDelete: hooks of a deletion are not supported'],
    })
  })

  test("Helm's hooks are mapped, with weight and delete policy", () => {
    const hook = object('Job/db', {
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-weight': '-5',
      'helm.sh/hook-delete-policy': 'hook-succeeded',
    })
    const [step] = plan({ bundle: [hook] }).steps
    expect(step).toMatchObject({ phase: 'PreSync', wave: -5, tasks: [{ deletePolicies: ['HookSucceeded'] }] })
  })

  test('generateName gets the name that Argo CD gives', () => {
    const hook = object('Job/', { hook: 'PostSync' })
    const bundle = [
      {
        ...hook,
        manifest: { ...hook.manifest, metadata: { generateName: 'smoke-', annotations: { 'argocd.argoproj.io/hook': 'PostSync' } } },
      },
    ]
    expect(plan({ bundle }).steps[0]?.tasks[0]).toMatchObject({
      generatedName: 'smoke-9f3c1d2-postsync-1795514400',
      ref: { name: 'smoke-9f3c1d2-postsync-1795514400' },
    })
  })

  test('two nameless hooks are two hooks', () => {
    const nameless = (generateName: string) => {
      const hook = object('Job/', {})
      return { ...hook, manifest: { ...hook.manifest, metadata: { generateName, annotations: { 'argocd.argoproj.io/hook': 'Sync' } } } }
    }
    expect(plan({ bundle: [nameless('a-'), nameless('b-')] }).steps[0]?.tasks).toHaveLength(2)
  })

  test('a nameless ordinary object keeps its missing name', () => {
    const odd = object('Job/')
    const made = plan({ bundle: [{ ...odd, manifest: { kind: 'Job' } }] })
    expect(made.steps[0]?.tasks[0]).toMatchObject({ ref: { name: '' }, action: 'apply' })
    const hook = object('Job/', {}, { metadata: { annotations: { 'argocd.argoproj.io/hook': 'Sync' } } })
    expect(plan({ bundle: [hook] }).steps[0]?.tasks[0]?.generatedName).toBeUndefined()
  })
})

describe('dependency bubbling', () => {
  test('a Namespace goes before its first inhabitant and inherits phase and wave', () => {
    const bundle = [
      object('Namespace/shop', { wave: '5' }),
      object('Job/early', { hook: 'PreSync', wave: '2' }),
      object('Namespace/other', { wave: '5' }),
    ]
    expect(steps({ bundle })).toEqual(['PreSync 2*: apply Namespace/shop, hook Job/early', 'Sync 5: apply Namespace/other'])
  })

  test('one that stands early enough stays', () => {
    expect(steps({ bundle: [object('Namespace/shop', { wave: '-1' }), object('ConfigMap/a')] })).toEqual([
      'Sync -1*: apply Namespace/shop',
      'Sync 0: apply ConfigMap/a',
    ])
  })

  test('a definition goes before the first object of its kind', () => {
    const bundle = [definition('Widget', { wave: '3' }), object('Widget/w', { wave: '1' }), definition('Gadget', { wave: '3' })]
    expect(steps({ bundle })).toEqual([
      'Sync 1*: apply CustomResourceDefinition/widgets.example.org, apply Widget/w',
      'Sync 3: apply CustomResourceDefinition/gadgets.example.org',
    ])
    expect(whys({ bundle })[0]).toContain('CustomResourceDefinition before objects of its kind: Widget shop/w stands in Sync, wave 1')
  })

  test('even before an object whose kind has a lower rank', () => {
    const bundle = [
      definition('Secret'),
      { ...object('Widget/s'), ref: { group: 'example.org', kind: 'Secret', namespace: 'shop', name: 's' } },
    ]
    expect(steps({ bundle })).toEqual(['Sync 0: apply CustomResourceDefinition/secrets.example.org, apply Secret/s'])
  })

  test('a definition without names defines nothing', () => {
    const broken = object('CustomResourceDefinition/broken', { wave: '1' })
    expect(steps({ bundle: [broken, object('Widget/w')] })).toEqual([
      'Sync 0*: apply Widget/w',
      'Sync 1: apply CustomResourceDefinition/broken',
    ])
  })

  test('objects of a kind that the plan defines are not dry-run', () => {
    const tasks = plan({
      bundle: [definition('Widget'), object('Widget/w'), object('Gadget/g'), object('Widget/h', { hook: 'PostSync' })],
    }).steps.flatMap((s) => s.tasks)
    expect(tasks.map(({ ref, skipDryRun }) => [ref.name, skipDryRun])).toEqual([
      ['widgets.example.org', false],
      ['g', false],
      ['w', true],
      ['h', true],
    ])
  })
})

describe('CreateNamespace', () => {
  const options = { createNamespace: true }

  test('makes the namespace before everything else, without a step of its own', () => {
    expect(steps({ options, bundle: [object('ConfigMap/a', { wave: '-3' })] })).toEqual([
      'Sync -3: create-namespace Namespace/shop, apply ConfigMap/a',
    ])
  })

  test('as the first PreSync task where there are PreSync hooks', () => {
    const bundle = [object('ConfigMap/a'), object('Job/j', { hook: 'PreSync', wave: '-1' })]
    expect(steps({ options, bundle })[0]).toBe('PreSync -1*: create-namespace Namespace/shop, hook Job/j')
  })

  test('before prunes that come first', () => {
    expect(steps({ options, bundle: [object('ConfigMap/a', { wave: '1' })], inventory: [live('Service/old')] })[0]).toBe(
      'Sync 0*: create-namespace Namespace/shop, prune Service/old',
    )
  })

  test('a Namespace manifest in the bundle stands instead', () => {
    expect(steps({ options, bundle: [object('Namespace/shop')] })).toEqual(['Sync 0: apply Namespace/shop'])
    expect(steps({ options, bundle: [object('Namespace/another')] })[0]).toContain('create-namespace Namespace/shop')
  })

  test('carries the managed metadata', () => {
    const managedNamespaceMetadata = { labels: { team: 'shop' }, annotations: {} }
    const made = plan({ options, policy: { managedNamespaceMetadata }, bundle: [object('ConfigMap/a')] })
    expect(made.steps[0]?.tasks[0]?.namespaceMetadata).toEqual(managedNamespaceMetadata)
  })

  test('nothing is made for nothing, nor without a destination namespace', () => {
    expect(steps({ options, operation: { cause: 'request' }, inventory: [live('Service/old')] })).toEqual(['Sync 0: prune Service/old'])
    expect(steps({ options, spec: { destination: { namespace: '' } }, bundle: [object('ConfigMap/a')] })).toEqual([
      'Sync 0: apply ConfigMap/a',
    ])
  })
})

describe('options of a task', () => {
  const task = (annotations: Record<string, string>, more: InputOptions = {}) =>
    plan({ ...more, bundle: [object('ConfigMap/a', annotations)] }).steps[0]?.tasks[0]

  test('come from the object or from the application', () => {
    expect(task({})).toMatchObject({ replace: false, force: false, skipDryRun: false, ignoreHealth: false, propagation: 'foreground' })
    expect(task({ options: 'Replace=true,Force=true,SkipDryRunOnMissingResource=true' })).toMatchObject({
      replace: true,
      force: true,
      skipDryRun: true,
    })
    expect(task({}, { options: { replace: true, force: true, skipDryRunOnMissingResource: true } })).toMatchObject({
      replace: true,
      force: true,
      skipDryRun: true,
    })
    expect(task({}, { operation: { force: true } })).toMatchObject({ force: true })
    expect(task({ 'argocd.argoproj.io/ignore-healthcheck': 'true' })).toMatchObject({ ignoreHealth: true })
    expect(task({}, { options: { prunePropagation: 'orphan' } })).toMatchObject({ propagation: 'orphan' })
  })
})

describe('objects that are left as they are', () => {
  const flux = (key: string, value: string) => ({ [`kustomize.toolkit.fluxcd.io/${key}`]: value })

  test.each([
    ['reconcile disabled', flux('reconcile', 'disabled')],
    ['ssa Ignore', flux('ssa', 'Ignore')],
    ['ssa IfNotPresent, and it is present', flux('ssa', 'IfNotPresent')],
  ])('Flux: %s', (_, annotations) => {
    const made = plan({ bundle: [object('ConfigMap/a', annotations)], inventory: [live('ConfigMap/a')] })
    expect(made.steps).toEqual([])
    expect(made.notes[0]).toContain('ConfigMap shop/a is not applied')
  })

  test('Flux: IfNotPresent applies what is missing', () => {
    const bundle = [object('ConfigMap/a', flux('ssa', 'IfNotPresent'))]
    expect(steps({ bundle })).toHaveLength(1)
    expect(steps({ bundle, inventory: [live('ConfigMap/a', 0, 'Missing')] })).toHaveLength(1)
  })

  test('ApplyOutOfSyncOnly filters what is unmodified and synced; hooks still run', () => {
    const same = object('ConfigMap/same', {}, { data: { a: '1', b: [1, 2] } })
    const sameOtherOrder = { ...same, manifest: Object.fromEntries(Object.entries(same.manifest).reverse()) }
    const changed = (value: string) => object('ConfigMap/changed', {}, { data: { a: value } })
    const drifted = object('ConfigMap/drifted')
    const guessed = { ...object('Widget/guessed'), namespaceDefaulted: true }
    const cluster = { ...live('Widget/guessed'), ref: { ...live('Widget/guessed').ref, namespace: '' } }
    const more: InputOptions = {
      options: { applyOutOfSyncOnly: true },
      previous: [same, changed('1'), drifted, guessed],
      bundle: [sameOtherOrder, changed('2'), drifted, guessed, object('ConfigMap/new'), object('Job/h', { hook: 'PostSync' })],
      inventory: [
        live('ConfigMap/same'),
        live('ConfigMap/changed'),
        live('ConfigMap/drifted', 0, 'Healthy', { sync: 'OutOfSync' }),
        live('ConfigMap/new'),
        cluster,
      ],
    }
    expect(steps(more)).toEqual([
      'Sync 0*: apply ConfigMap/changed, apply ConfigMap/drifted, apply ConfigMap/new',
      'PostSync 0*: hook Job/h',
    ])
    expect(plan(more).notes).toHaveLength(2)
  })
})

describe('a sync of selected objects', () => {
  const bundle = [
    object('ConfigMap/a', { wave: '2' }),
    object('ConfigMap/b', { wave: '1' }),
    object('ConfigMap/c'),
    object('Job/h', { hook: 'PreSync' }),
  ]

  test('runs no hooks and keeps the waves', () => {
    const resources = ['a', 'b'].map((name) => ({ group: '', kind: 'ConfigMap', name })).concat({ group: 'batch', kind: 'Job', name: 'h' })
    const made = plan({ bundle, operation: { resources }, inventory: [live('ConfigMap/old')] })
    expect(shownSteps(made.steps)).toEqual(['Sync 1*: apply ConfigMap/b', 'Sync 2: apply ConfigMap/a'])
    expect(made.notes).toEqual(['Job shop/h is not run: hooks do not run in a sync of selected objects'])
  })

  test('selects by namespace when one is given, and prunes what is selected', () => {
    const select = (name: string, namespace: string) => ({ group: '', kind: 'ConfigMap', name, namespace })
    const operation = { resources: [select('a', 'elsewhere'), select('c', 'shop'), select('old', 'shop')] }
    expect(steps({ bundle, operation, inventory: [live('ConfigMap/old'), live('ConfigMap/older')] })).toEqual([
      'Sync 0: prune ConfigMap/old, apply ConfigMap/c',
    ])
  })
})
