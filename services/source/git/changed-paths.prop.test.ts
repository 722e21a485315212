import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changedPaths } from './changed-paths.ts'
import type { TreeSource } from './snapshot.ts'
import type { TreeEntry } from './tree.ts'

/** Trees of a list of files, with ids that are equal for equal content, as Git's are. */
class Trees implements TreeSource {
  readonly #trees = new Map<string, Map<string, TreeEntry>>()
  reads = 0

  add(files: Readonly<Record<string, string>>): string {
    const entries = new Map<string, TreeEntry>()
    const folders = new Map<string, Record<string, string>>()
    for (const [path, content] of Object.entries(files)) {
      const [head, ...rest] = path.split('/')
      if (rest.length === 0) entries.set(head!, { name: head!, kind: 'file', id: `blob-${content}` })
      else folders.set(head!, { ...folders.get(head!), [rest.join('/')]: content })
    }
    for (const [name, inner] of folders) entries.set(name, { name, kind: 'folder', id: this.add(inner) })
    const id = createHash('sha1')
      .update(JSON.stringify([...entries].sort()))
      .digest('hex')
    this.#trees.set(id, entries)
    return id
  }

  async tree(id: string) {
    this.reads++
    return this.#trees.get(id)!
  }

  blob(): Promise<Buffer> {
    throw new Error('no content is needed')
  }
}

const name = fc.constantFrom('a', 'b', 'c')
// A path is never a folder of another: files end in a letter that folders do not have.
const path = fc
  .tuple(fc.array(name, { maxLength: 3 }), fc.constantFrom('x', 'y', 'z'))
  .map(([folders, file]) => [...folders, file].join('/'))
const files = fc.dictionary(path, fc.constantFrom('1', '2'), { maxKeys: 12 })

it('finds exactly the paths that differ', async () => {
  await fc.assert(
    fc.asyncProperty(files, files, async (before, after) => {
      const trees = new Trees()
      const found = await changedPaths(trees, trees.add(before), trees.add(after))
      const expected = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key])
      expect([...found!].sort()).toEqual(expected.sort())
    }),
  )
})

it('reads nothing of what is equal', async () => {
  const trees = new Trees()
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`d${i}/x`, '1']))
  const before = trees.add(many)
  const after = trees.add({ ...many, 'd7/x': '2' })
  expect([...(await changedPaths(trees, before, after))!]).toEqual(['d7/x'])
  expect(trees.reads).toBe(4)
})

it('gives up above the limit, and sees a file become a folder', async () => {
  const trees = new Trees()
  const empty = trees.add({})
  const many = trees.add(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`d/${i}`, '1'])))
  expect(await changedPaths(trees, empty, many, 10)).toBeUndefined()
  expect(await changedPaths(trees, trees.add({ a: '1' }), trees.add({ 'a/b': '1' }))).toEqual(new Set(['a', 'a/b']))
})
