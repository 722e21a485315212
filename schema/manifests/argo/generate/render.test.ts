import { FairleadError } from '@fairlead/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderDeep, renderer, replaceTags } from './render.ts'

const params = { env: 'dev', 'path.basename': 'web', wave: 1, '': 'nameless' }

describe('tags, as fasttemplate replaces them', () => {
  test.each<[string, string]>([
    ['overlays/{{env}}', 'overlays/dev'],
    ['{{ env }}-{{path.basename}}', 'dev-web'],
    ['{{unknown}}', '{{unknown}}'],
    ['{{ unknown }}', '{{ unknown }}'],
    ['{{}}', '{{}}'],
    ['{{ }}', '{{ }}'],
    ['{{wave}} is no text', '{{wave}} is no text'],
    ['{{__proto__}}', '{{__proto__}}'],
    ['{{env}}{{env}}', 'devdev'],
    ['{env}', '{env}'],
    ['}} {{env}}', '}} dev'],
    ['no tags, {{ open', 'no tags, {{ open'],
    ['', ''],
  ])('%j gives %j', (template, text) => {
    expect(replaceTags(template, params)).toBe(text)
  })

  test('a tag that is never closed', () => {
    try {
      replaceTags('{{env}} {{env', params)
      expect.unreachable()
    } catch (error) {
      expect(FairleadError.is(error) && error.code).toBe('RENDER_TEMPLATE')
    }
  })

  test('a value is not rendered again', () => {
    expect(replaceTags('{{a}}', { a: '{{b}}', b: 'x' })).toBe('{{b}}')
  })
})

test('a template whose tags are all its parameters gives its parts around the values', () => {
  const part = fc.string().filter((text) => !/[{}]/.test(text))
  fc.assert(
    fc.property(part, fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), part, { noNullPrototype: true }), part, (before, values, after) => {
      const keys = Object.keys(values)
      const template = before + keys.map((key) => `{{${key}}}`).join(after)
      expect(replaceTags(template, values)).toBe(before + keys.map((key) => values[key]).join(after))
    }),
  )
})

describe('a whole value', () => {
  const noEngine = { render: () => Promise.reject(new Error('not asked')) }
  const plain = renderer({ goTemplate: false, goTemplateOptions: [] }, noEngine)

  test('texts and keys are rendered, the rest stays', async () => {
    const value = { 'a-{{env}}': ['{{env}}', 1, true, null, { b: 'x{{env}}' }], c: 'no tag' }
    expect(await renderDeep(value, params, plain)).toEqual({ 'a-dev': ['dev', 1, true, null, { b: 'xdev' }], c: 'no tag' })
  })

  test('Go templates go to the engine once, each text once, with the options', async () => {
    const calls: unknown[] = []
    const go = renderer(
      { goTemplate: true, goTemplateOptions: ['missingkey=error'] },
      {
        async render(templates, given, options) {
          calls.push([templates, given, options])
          return templates.map((template) => template.toUpperCase())
        },
      },
    )
    expect(await renderDeep({ a: '{{.x}}', b: ['{{.x}}', '{{.y}}'], c: 'plain' }, params, go)).toEqual({
      a: '{{.X}}',
      b: ['{{.X}}', '{{.Y}}'],
      c: 'plain',
    })
    expect(calls).toEqual([[['{{.x}}', '{{.y}}'], params, { goTemplateOptions: ['missingkey=error'] }]])
  })

  test('an engine that gives back too little is found out', async () => {
    const go = renderer({ goTemplate: true, goTemplateOptions: [] }, { render: async () => [] })
    await expect(renderDeep({ a: '{{.x}}' }, params, go)).rejects.toMatchObject({ code: 'RENDER_TEMPLATE' })
  })
})
