import { ApplicationConfirmed } from '@fairlead/events'
import { expect, test } from 'vitest'
import { application, operation, Scene } from '../testing/scene.ts'
import { resolveQuery } from './place.ts'

async function threeEvents(): Promise<Scene> {
  const scene = new Scene() // recorded at 08:01, 08:02, 08:03
  for (let i = 0; i < 3; i++) await scene.on(ApplicationConfirmed.of({ application, operation }))
  return scene
}

const time = (text: string) => ({ time: new Date(`2026-01-05T${text}Z`) })

test.each([
  ['nothing asked: all of it', {}, [1, 3, 3]],
  ['cut at a position', { at: { position: 2 } }, [1, 2, 2]],
  ['cut at an instant: what was recorded in it counts', { at: time('08:02:00.000') }, [1, 2, 2]],
  ['cut between two', { at: time('08:02:59.999') }, [1, 2, 2]],
  ['cut before the first', { at: time('07:00:00.000') }, [1, 0, 0]],
  ['from an instant on', { from: time('08:02:00.000') }, [2, 3, 3]],
  ['from just after it', { from: time('08:02:00.001') }, [3, 3, 3]],
  ['a period of instants', { from: time('08:02:00.000'), to: time('08:02:30.000') }, [2, 2, 3]],
  ['a period that goes on past the cut', { to: time('09:00:00.000'), at: { position: 2 } }, [1, 2, 2]],
  ['a period of nothing', { from: { position: 4 } }, [4, 3, 3]],
])('%s', async (_, request, [from, to, at]) => {
  const query = await resolveQuery((await threeEvents()).log, { ...request, projects: undefined })
  expect([query.from, query.to, query.asOf.position]).toEqual([from, to, at])
})

test('a log that is shorter than it was is not asked for what it lost: that is said', async () => {
  const { log } = await threeEvents()
  const cut = Object.assign(Object.create(log) as typeof log, { head: async () => 5 })
  await expect(resolveQuery(cut, { projects: undefined })).rejects.toMatchObject({
    code: 'LEDGER_TAMPERED',
    message: 'the log had position 5 and has it no more',
  })
  await expect(resolveQuery(log, { projects: undefined, at: { position: 5 } })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
})

test.each([
  ['ends after the cut', { to: { position: 3 }, at: { position: 2 } }],
  ['ends before it begins', { from: { position: 3 }, to: { position: 1 } }],
])('a period that %s is refused', async (_, request) => {
  await expect(resolveQuery((await threeEvents()).log, { ...request, projects: undefined })).rejects.toThrow(/the period is none/)
})
