import { type ResourceState, refKey } from '@fairlead/manifests'
import type { BundleObject, PlannedTask, SyncPlan } from '@fairlead/messages'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { definition, live, object, plan } from '../testing/plan-input.ts'
import { byStep } from './order.ts'

const kinds = ['Namespace', 'ServiceAccount', 'ConfigMap', 'Service', 'Deployment', 'Job', 'Widget', 'Gadget']
const wave = fc.integer({ min: -3, max: 3 })
const name = fc.constantFrom('a', 'b', 'c', 'shop')
const phases = fc.uniqueArray(fc.constantFrom('PreSync', 'Sync', 'PostSync', 'SyncFail'), { maxLength: 2 })

const bundleObject = fc
  .record({ kind: fc.constantFrom(...kinds, 'definition'), name, wave, phases })
  .map(({ kind, name, wave, phases }): BundleObject => {
    const annotations = { wave: `${wave}`, ...(phases.length > 0 && { hook: phases.join(',') }) }
    return kind === 'definition' ? definition(name === 'a' ? 'Widget' : 'Gadget', annotations) : object(`${kind}/${name}`, annotations)
  })
const liveObject = fc
  .record({ kind: fc.constantFrom(...kinds), name, wave })
  .map(({ kind, name, wave }): ResourceState => live(`${kind}/${name}`, wave))

const unique = <T>(arb: fc.Arbitrary<T>, key: (value: T) => string) => fc.uniqueArray(arb, { selector: key, maxLength: 25 })
const bundles = unique(bundleObject, (entry) => refKey(entry.ref))
const inventories = unique(liveObject, (state) => refKey(state.ref))
const options = fc.record({ pruneLast: fc.boolean(), createNamespace: fc.boolean() })

const tasksOf = (made: SyncPlan): PlannedTask[] => [...made.steps, ...made.failSteps].flatMap((step) => step.tasks)
const allow = { allowEmpty: true }

describe('a plan', () => {
  test('holds every task exactly once: objects, hooks by phase, prunes', () => {
    fc.assert(
      fc.property(bundles, inventories, options, (bundle, inventory, chosen) => {
        const made = plan({ bundle, inventory, options: chosen, policy: allow })
        const expected = bundle.flatMap((entry) => {
          const annotations = (entry.manifest['metadata'] as { annotations: Record<string, string> }).annotations
          const hook = annotations['argocd.argoproj.io/hook']
          return hook ? hook.split(',').map(() => `hook ${refKey(entry.ref)}`) : [`apply ${refKey(entry.ref)}`]
        })
        const wanted = new Set(bundle.map((entry) => refKey(entry.ref)))
        const kept = new Set(made.notes.map((note) => note.split(' ')[1]))
        for (const state of inventory) {
          const staysForInhabitants = state.ref.kind === 'Namespace' && kept.has(state.ref.name)
          if (!wanted.has(refKey(state.ref)) && !staysForInhabitants) expected.push(`prune ${refKey(state.ref)}`)
        }
        const found = tasksOf(made).flatMap((task) => (task.action === 'create-namespace' ? [] : [`${task.action} ${refKey(task.ref)}`]))
        expect(found.sort()).toEqual(expected.sort())
      }),
    )
  })

  test('never goes back in phase or wave, and numbers its steps', () => {
    fc.assert(
      fc.property(bundles, inventories, options, (bundle, inventory, chosen) => {
        const made = plan({ bundle, inventory, options: chosen, policy: allow })
        for (const steps of [made.steps, made.failSteps]) {
          steps.forEach((step, index) => {
            expect(step.index).toBe(index)
            expect(step.tasks.length).toBeGreaterThan(0)
            const next = steps[index + 1]
            if (next) expect(byStep(step, next)).toBeLessThan(0)
          })
        }
        expect(made.failSteps.every((step) => step.phase === 'SyncFail')).toBe(true)
        expect(made.steps.some((step) => step.phase === 'SyncFail')).toBe(false)
      }),
    )
  })

  test('is the same whatever the order of bundle and inventory', () => {
    fc.assert(
      fc.property(bundles, inventories, options, fc.infiniteStream(fc.nat()), (bundle, inventory, chosen, random) => {
        const shuffled = <T>(values: readonly T[]): T[] =>
          values
            .map((value) => ({ value, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ value }) => value)
        const withoutIndex = (made: SyncPlan) =>
          [made.steps, made.failSteps].map((steps) =>
            steps.map((step) => ({ ...step, tasks: step.tasks.map(({ object: _, ...task }) => task) })),
          )
        const straight = plan({ bundle, inventory, options: chosen, policy: allow })
        const mixed = plan({ bundle: shuffled(bundle), inventory: shuffled(inventory), options: chosen, policy: allow })
        expect(withoutIndex(mixed)).toEqual(withoutIndex(straight))
      }),
    )
  })

  test('prunes in the mirror of the order in which the same objects would be applied', () => {
    fc.assert(
      fc.property(inventories, fc.boolean(), (inventory, pruneLast) => {
        const applied = plan({ bundle: inventory.map((state) => object(`${state.ref.kind}/${state.ref.name}`, { wave: `${state.wave}` })) })
        const pruned = plan({ inventory, options: { pruneLast }, policy: allow })
        expect(tasksOf(pruned).map((task) => refKey(task.ref))).toEqual(
          tasksOf(applied)
            .map((task) => refKey(task.ref))
            .reverse(),
        )
      }),
    )
  })

  test('puts a Namespace before everything that lives in it, a definition before everything of its kind', () => {
    fc.assert(
      fc.property(bundles, inventories, options, (bundle, inventory, chosen) => {
        const tasks = tasksOf(plan({ bundle, inventory, options: chosen, policy: allow })).filter((task) => task.action !== 'prune')
        const at = (test: (task: PlannedTask) => boolean) => tasks.findIndex(test)
        for (const [index, task] of tasks.entries()) {
          const { kind, name } = task.ref
          if (kind === 'Namespace')
            expect(at((other) => other.ref.namespace === name) < index && at((other) => other.ref.namespace === name) >= 0).toBe(false)
          const defined = name === 'widgets.example.org' ? 'Widget' : name === 'gadgets.example.org' ? 'Gadget' : undefined
          if (kind === 'CustomResourceDefinition' && defined && task.action === 'apply') {
            const first = at((other) => other.ref.kind === defined)
            expect(first >= 0 && first < index).toBe(false)
          }
        }
      }),
    )
  })

  test('a deletion holds every live object once, highest wave first', () => {
    fc.assert(
      fc.property(inventories, (inventory) => {
        const made = plan({ inventory, operation: { kind: 'delete', cause: 'removal' } })
        expect(
          tasksOf(made)
            .map((task) => refKey(task.ref))
            .sort(),
        ).toEqual(inventory.map((state) => refKey(state.ref)).sort())
        const waves = made.steps.map((step) => step.wave)
        expect(waves).toEqual([...waves].sort((a, b) => b - a))
      }),
    )
  })
})
