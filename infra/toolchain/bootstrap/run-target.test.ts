import { expect, test } from 'vitest'
import { startScript } from '../testing/child.ts'

const target = (code: string) => startScript('run-target.mjs', ['-e', code])

test('the exit code of the program becomes ours', async () => {
  expect(await target('process.exit(7)').ended).toMatchObject({ code: 7, signal: null })
})

test('the signal that ended the program ends us', async () => {
  expect(await target('process.kill(process.pid, "SIGKILL")').ended).toMatchObject({ code: null, signal: 'SIGKILL' })
})

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the program, which decides how to end', async (signal) => {
  const child = target(`process.on('${signal}', () => process.exit(5)); setInterval(() => {}, 1000); console.log('ready')`)
  expect(await child.line()).toBe('ready')
  child.process.kill(signal)
  expect(await child.ended).toMatchObject({ code: 5 })
})

test('the same signal told twice at once is passed on once', async () => {
  const child = target(`
    let told = 0
    process.on('SIGTERM', () => { if (++told === 1) console.log('told') })
    process.stdin.on('end', () => process.exit(told)).resume()
    console.log('ready')`)
  expect(await child.line()).toBe('ready')
  child.process.kill('SIGTERM')
  child.process.kill('SIGTERM')
  expect(await child.line()).toBe('told')
  child.process.stdin!.end()
  expect(await child.ended).toMatchObject({ code: 1 })
})

test('standard input and output are those of the program, whose Node comes first on PATH', async () => {
  const child = target(`process.stdin.on('data', (text) => console.log(String(text).trim(), process.env.PATH.split(':')[0]))`)
  child.process.stdin!.end('hello\n')
  expect(await child.line()).toMatch(/^hello \/.*bin$/)
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
})
