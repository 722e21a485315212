import { readFileSync } from 'node:fs'
import { SyncPlan } from '@fairlead/messages'
import { expect, test } from 'vitest'
import { definition, live, object, plan } from '../testing/plan-input.ts'

// One plan with something of everything, as it stands in the log: what agents of any version read. A change here is a change of the protocol.

test('a plan of everything stays what it was', () => {
  const made = plan({
    bundle: [
      object('Namespace/shop', { wave: '3' }),
      definition('Widget', { wave: '2' }),
      object('Widget/w', { wave: '1', options: 'Replace=true' }),
      object('Deployment/web', { wave: '1', 'argocd.argoproj.io/ignore-healthcheck': 'true' }),
      object('Job/migrate', { hook: 'PreSync', policy: 'HookSucceeded' }),
      object('Job/smoke', { hook: 'PostSync,SyncFail' }),
      object('Job/typo', { hook: 'Postsync' }),
    ],
    previous: [object('Secret/kept', { options: 'Prune=false' })],
    inventory: [live('Service/old', 0), live('Ingress/old', 4), live('Secret/kept')],
    options: { createNamespace: true, prunePropagation: 'background' },
    policy: { deletionBudget: 1 },
  })
  expect(SyncPlan.parse(made)).toEqual(made)
  expect(made).toEqual(JSON.parse(readFileSync(new URL('./golden/everything.json', import.meta.url), 'utf8')))
})
