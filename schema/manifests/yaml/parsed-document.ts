import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { SourcePosition } from '../model/refs.ts'
import { type AliasTargets, isMergeKey, keyText, offsetOf } from './convert.ts'
import type { JsonObject, ManifestDocument, Pointer } from './document.ts'
import type { TextOrigin } from './parse.ts'

/** A manifest that keeps its syntax tree, so that positions are found when they are asked for. */
export class ParsedDocument implements ManifestDocument {
  readonly value: JsonObject
  readonly #root: Node
  readonly #targets: AliasTargets
  readonly #origin: TextOrigin
  readonly #lines: LineCounter

  constructor(value: JsonObject, root: Node, targets: AliasTargets, origin: TextOrigin, lines: LineCounter) {
    this.value = value
    this.#root = root
    this.#targets = targets
    this.#origin = origin
    this.#lines = lines
  }

  position(pointer: Pointer): SourcePosition {
    let node: unknown = this.#root
    let offset = offsetOf(node)
    for (const part of pointer) {
      const child = this.#child(node, part)
      if (!child) break
      offset = child.offset
      node = child.node
    }
    const { repository, commit, path } = this.#origin
    return { repository, commit, path, line: Math.max(1, this.#lines.linePos(offset).line) }
  }

  #child(parent: unknown, part: string | number): { node: unknown; offset: number } | undefined {
    const node = isAlias(parent) ? this.#targets.get(parent) : parent
    if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part]
      return item === undefined ? undefined : { node: item, offset: offsetOf(item) }
    }
    if (!isMap(node)) return undefined
    const pair = node.items.findLast(({ key }) => isScalar(key) && !isMergeKey(key) && keyText(key) === String(part))
    return pair ? { node: pair.value, offset: offsetOf(pair.key) } : undefined
  }
}
