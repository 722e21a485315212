import { expect, test } from 'vitest'
import { duration, Progress } from './progress.mjs'

function recorder(isTTY: boolean) {
  const written: string[] = []
  return { written, stream: { isTTY, columns: 60, write: (text: string) => written.push(text) } }
}

test.for([
  [0.4, '0 s'],
  [38, '38 s'],
  [60, '1 min'],
  [256, '4 min 16 s'],
] as const)('%f seconds are told as %s', ([seconds, text]) => {
  expect(duration(seconds)).toBe(text)
})

test('away from a terminal a task says what it does, how long that usually takes, and when it is done', () => {
  const { written, stream } = recorder(false)
  const progress = new Progress(stream)
  const task = progress.begin('building etcd', 38)
  progress.print('another line')
  task.done('built etcd')
  expect(written).toEqual(['building etcd (usually 38 s)\n', 'another line\n', 'built etcd (0 s)\n'])
})

test('on a terminal other lines go above the line that is redrawn', () => {
  const { written, stream } = recorder(true)
  const progress = new Progress(stream)
  const task = progress.begin('building etcd', 38)
  progress.print('another line')
  task.done('built etcd')
  const line = 'building etcd 0 s of usually 38 s'
  const wipe = '\r\x1b[2K'
  expect(written.join('')).toBe(`${line}${wipe}another line\n${line}${wipe}built etcd (0 s)\n`)
})

test('the redrawn line is never wider than the terminal', () => {
  const { written, stream } = recorder(true)
  const progress = new Progress(stream)
  const tasks = ['one', 'two', 'three'].map((name) => progress.begin(`building ${name}`, 100))
  for (const text of written) expect(text.replace('\r\x1b[2K', '').length).toBeLessThan(60)
  for (const task of tasks) task.done('built')
})
