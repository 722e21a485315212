import { describe, expect, test } from 'vitest'
import { definition, type InputOptions, live, object, plan, planInput, shownSteps } from '../testing/plan-input.ts'
import { planSync } from './plan.ts'

const steps = (more: InputOptions) => shownSteps(plan(more).steps)
const whys = (more: InputOptions) =>
  plan(more).steps.flatMap((step) => step.tasks.map((task) => `${task.ref.kind}/${task.ref.name}: ${task.why}`))

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

describe('prune', () => {
  test('waves are mirrored, and inside a wave the order is that of applying, backwards', () => {
    const inventory = [
      live('Namespace/old', 0),
      live('ServiceAccount/b', 1),
      live('Deployment/a', 1),
      live('Ingress/i', 2),
      live('ServiceAccount/a', 1),
    ]
    expect(steps({ bundle: [object('ConfigMap/keep', { wave: '1' })], inventory })).toEqual([
      'Sync 0*: prune Ingress/i',
      'Sync 1*: prune Deployment/a, prune ServiceAccount/b, prune ServiceAccount/a, apply ConfigMap/keep',
      'Sync 2: prune Namespace/old',
    ])
  })

  test('annotations of the last synced manifest win over the reported wave', () => {
    const previous = [object('ConfigMap/x', { wave: '4' })]
    expect(steps({ bundle: [object('ConfigMap/keep')], previous, inventory: [live('ConfigMap/x', 0)] })).toEqual([
      'Sync 0*: apply ConfigMap/keep',
      'Sync 4: prune ConfigMap/x',
    ])
  })

  test('PruneLast of the application: after the highest wave, keeping the mirrored order', () => {
    const more: InputOptions = {
      options: { pruneLast: true },
      bundle: [object('ConfigMap/keep', { wave: '7' })],
      inventory: [live('ServiceAccount/old', 0), live('Deployment/old', 3)],
    }
    expect(steps(more)).toEqual(['Sync 7*: apply ConfigMap/keep', 'Sync 8: prune Deployment/old, prune ServiceAccount/old'])
    expect(whys(more)[1]).toContain('PruneLast')
  })

  test('PruneLast of one object, beside prunes that are not last', () => {
    const previous = [object('Service/last', { options: 'PruneLast=true' })]
    const inventory = [live('Service/last', 0), live('Service/other', 5)]
    expect(steps({ bundle: [object('ConfigMap/keep', { wave: '-4' })], previous, inventory })).toEqual([
      'Sync -4*: apply ConfigMap/keep',
      'Sync 0*: prune Service/other',
      'Sync 6: prune Service/last',
    ])
  })

  test('a Namespace or a definition of a high wave still goes after all that depends on it', () => {
    const previous = [object('Namespace/old', { wave: '5' }), definition('Widget', { wave: '5' })]
    const inventory = [
      live('Namespace/old', 5),
      live('ConfigMap/old/c', 1),
      live('CustomResourceDefinition/widgets.example.org', 5),
      live('Widget/w', 2),
    ]
    expect(steps({ bundle: [object('ConfigMap/keep')], previous, inventory })).toEqual([
      'Sync 0*: apply ConfigMap/keep',
      'Sync 1*: prune Widget/w, prune CustomResourceDefinition/widgets.example.org',
      'Sync 2: prune ConfigMap/c, prune Namespace/old',
    ])
    expect(steps({ operation: { kind: 'delete' }, previous, inventory: inventory.slice(0, 2) })).toEqual([
      'Sync 1*: prune ConfigMap/c, prune Namespace/old',
    ])
  })

  test('off for this sync: nothing is deleted and the plan says so', () => {
    const made = plan({ operation: { prune: false }, bundle: [object('ConfigMap/a')], inventory: [live('ConfigMap/old')] })
    expect(made).toMatchObject({ prunes: 0, notes: ['1 objects are no longer in Git and stay: pruning is off for this sync'] })
  })

  test.each<[string, InputOptions]>([
    ['of the object', { previous: [object('ConfigMap/old', { options: 'Prune=false' })] }],
    ['of the application', { options: { prune: 'false' } }],
  ])('Prune=false %s keeps it', (_, more) => {
    const made = plan({ bundle: [object('ConfigMap/a')], inventory: [live('ConfigMap/old')], ...more })
    expect(made).toMatchObject({ prunes: 0, notes: ['ConfigMap shop/old is no longer in Git and stays: Prune=false'] })
  })

  test("the object's word counts more than the application's, in both directions", () => {
    const previous = [object('ConfigMap/old', { options: 'Prune=true' })]
    expect(
      plan({ bundle: [object('ConfigMap/a')], inventory: [live('ConfigMap/old')], previous, options: { prune: 'false' } }).prunes,
    ).toBe(1)
  })

  test('hooks, objects already gone, objects of the bundle and repeats are not pruned', () => {
    const inventory = [
      live('Job/hook', 0, 'Healthy', { hook: true }),
      live('ConfigMap/gone', 0, 'Missing'),
      live('ConfigMap/a'),
      live('ConfigMap/old'),
      live('ConfigMap/old'),
    ]
    expect(steps({ bundle: [object('ConfigMap/a')], inventory })).toEqual(['Sync 0: prune ConfigMap/old, apply ConfigMap/a'])
  })

  test('an object whose namespace was a guess is not pruned under its real one', () => {
    const guessed = { ...object('Widget/w'), namespaceDefaulted: true }
    const real = { ...live('Widget/w'), ref: { ...live('Widget/w').ref, namespace: '' } }
    expect(plan({ bundle: [guessed], inventory: [real] }).prunes).toBe(0)
  })

  test('a Namespace in which the sync works is not pruned', () => {
    const made = plan({ bundle: [object('ConfigMap/a')], inventory: [live('Namespace/shop'), live('Namespace/empty')] })
    expect(made.notes).toEqual(['Namespace shop is no longer in Git and stays: objects of this sync live in it'])
    expect(shownSteps(made.steps)).toEqual(['Sync 0: prune Namespace/empty, apply ConfigMap/a'])
  })
})

describe('confirmation', () => {
  const old = (count: number) => Array.from({ length: count }, (_, index) => live(`ConfigMap/old-${index}`))
  const bundle = [object('ConfigMap/a')]

  test('is needed beyond the deletion budget', () => {
    expect(plan({ bundle, inventory: old(10) })).toMatchObject({ prunes: 10, needsConfirmation: false })
    expect(plan({ bundle, inventory: old(11) })).toMatchObject({ prunes: 11, needsConfirmation: true })
    expect(plan({ bundle, inventory: old(1), policy: { deletionBudget: 0 } })).toMatchObject({ needsConfirmation: true })
  })

  test('is needed when an object or the application says Prune=confirm', () => {
    expect(plan({ bundle, inventory: old(1), previous: [object('ConfigMap/old-0', { options: 'Prune=confirm' })] }).needsConfirmation).toBe(
      true,
    )
    expect(plan({ bundle, inventory: old(1), options: { prune: 'confirm' } }).needsConfirmation).toBe(true)
    expect(plan({ bundle, options: { prune: 'confirm' } }).needsConfirmation).toBe(false)
  })

  test('the list of what would go is in the order of deletion', () => {
    const planned = planSync(planInput({ bundle, inventory: [live('ServiceAccount/a', 0), live('Deployment/b', 1)] }))
    expect(planned.outcome === 'planned' && planned.prunes.map(({ name }) => name)).toEqual(['b', 'a'])
  })
})

describe('a sync that would leave nothing', () => {
  const inventory = [live('ConfigMap/a'), live('ConfigMap/b')]

  test('is refused when it is automated', () => {
    expect(planSync(planInput({ inventory }))).toEqual({
      outcome: 'refused',
      code: 'SYNC_WOULD_EMPTY',
      message: 'the commit leaves nothing of shop: automated sync does not delete all of its 2 objects',
    })
    expect(planSync(planInput({ inventory, bundle: [object('Job/h', { hook: 'PostSync' })] })).outcome).toBe('refused')
  })

  test.each<[string, InputOptions]>([
    ['allowEmpty', { policy: { allowEmpty: true } }],
    ['a person asked', { operation: { cause: 'request' } }],
    ['something is left', { bundle: [object('ConfigMap/a')] }],
    ['nothing was there', { inventory: [] }],
    ['pruning is off', { operation: { prune: false } }],
    [
      'what is left needs no apply',
      { bundle: [object('ConfigMap/a')], previous: [object('ConfigMap/a')], options: { applyOutOfSyncOnly: true } },
    ],
  ])('is planned when %s', (_, more) => {
    expect(planSync(planInput({ inventory, ...more })).outcome).toBe('planned')
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

describe('the deletion of an application', () => {
  const operation = { kind: 'delete', cause: 'removal' } as const

  test('takes the highest wave first and waits for each to be gone, hooks and all', () => {
    const inventory = [
      live('ServiceAccount/a', 0),
      live('Deployment/b', 0),
      live('Ingress/i', 5),
      live('Job/h', 1, 'Healthy', { hook: true }),
      live('ConfigMap/gone', 9, 'Missing'),
    ]
    expect(steps({ operation, inventory })).toEqual([
      'Sync 5*: prune Ingress/i',
      'Sync 1*: prune Job/h',
      'Sync 0*: prune Deployment/b, prune ServiceAccount/a',
    ])
  })

  test('spares what asks for it, and definitions', () => {
    const previous = [
      object('ConfigMap/keep', { options: 'Delete=false' }),
      object('ConfigMap/helm', { 'helm.sh/resource-policy': 'keep' }),
      object('ConfigMap/x', { wave: '3' }),
    ]
    const inventory = [
      live('ConfigMap/keep'),
      live('ConfigMap/helm'),
      live('CustomResourceDefinition/widgets.example.org'),
      live('ConfigMap/x'),
    ]
    const made = plan({ operation, previous, inventory })
    expect(shownSteps(made.steps)).toEqual(['Sync 3*: prune ConfigMap/x'])
    expect(made.notes).toEqual([
      'ConfigMap shop/keep stays: Delete=false',
      'ConfigMap shop/helm stays: Delete=false',
      'CustomResourceDefinition widgets.example.org stays: definitions are never deleted with an application',
    ])
  })

  test('waits for a person beyond the budget, or when asked to', () => {
    const many = Array.from({ length: 11 }, (_, index) => live(`ConfigMap/c-${index}`))
    expect(plan({ operation, inventory: many }).needsConfirmation).toBe(true)
    expect(plan({ operation, inventory: many.slice(1) }).needsConfirmation).toBe(false)
    expect(plan({ operation, inventory: many.slice(10), options: { delete: 'confirm' } }).needsConfirmation).toBe(true)
  })

  test('notes hooks of a deletion that will not run', () => {
    expect(
      plan({
        operation,
        previous: [
          object('Job/bye', { hook: 'PostDelete' }),
          object('Job/before', { hook: 'PreDelete' }),
          object('Job/h', { hook: 'Sync' }),
        ],
      }).notes,
    ).toEqual([
      'Job shop/bye is not run: hooks of a deletion are not supported',
      'Job shop/before is not run: hooks of a deletion are not supported',
    ])
  })
})
