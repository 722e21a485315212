import { describe, expect, test } from 'vitest'
import { definition, type InputOptions, live, object, plan, planInput, shownSteps } from '../testing/plan-input.ts'
import { planSync } from './plan.ts'

// What a plan deletes, in which order, and who has to agree.

const steps = (more: InputOptions) => shownSteps(plan(more).steps)
const whys = (more: InputOptions) =>
  plan(more).steps.flatMap((step) => step.tasks.map((task) => `${task.ref.kind}/${task.ref.name}: ${task.why}`))

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

  describe('what Git no longer holds and stays', () => {
    const stays = (more: InputOptions) => plan({ bundle: [object('ConfigMap/a')], inventory: [live('ConfigMap/old')], ...more }).extraneous
    const old = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'old' }
    const ignoring = object('ConfigMap/old', { 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous' })
    const off = { operation: { prune: false } }
    const said = (extraneous: 'counted' | 'ignored') => ({ inventory: [live('ConfigMap/old', 0, 'Healthy', { extraneous })] })

    test.each<[string, InputOptions, string]>([
      ['pruning is off', off, 'counted'],
      ['Prune=false', { previous: [object('ConfigMap/old', { options: 'Prune=false' })] }, 'counted'],
      ['it says that it means nothing', { ...off, previous: [ignoring] }, 'ignored'],
      ['it said so when it was last in Git', { ...off, ...said('ignored') }, 'ignored'],
      ['it never said so', { ...off, ...said('counted') }, 'counted'],
    ])('is named: %s', (_, more, kind) => {
      expect(stays(more)).toEqual([{ ref: old, kind }])
    })

    test.each<[string, InputOptions]>([
      ['it is deleted', {}],
      ['nothing stays', { ...off, inventory: [] }],
      ['only some objects are looked at', { operation: { prune: false, resources: [old] } }],
    ])('is not named when %s', (_, more) => {
      expect(stays(more)).toBeUndefined()
    })
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
