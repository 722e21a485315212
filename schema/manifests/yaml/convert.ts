import { type Alias, isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, Scalar, visit, type YAMLMap } from 'yaml'
import type { Json, JsonObject } from './document.ts'
import type { YamlLimits } from './limits.ts'
import { resolvePlain } from './scalars.ts'

/** Why a node has no value, and the offset in the text where that shows. */
export class ConversionProblem extends Error {
  readonly code: 'YAML_SYNTAX' | 'YAML_LIMIT'
  readonly offset: number
  readonly next: string

  constructor(code: 'YAML_SYNTAX' | 'YAML_LIMIT', message: string, offset: number, next: string) {
    super(message)
    this.code = code
    this.offset = offset
    this.next = next
  }
}

/** The node that each alias of a document stands for: the last one with that anchor before the alias. */
export type AliasTargets = ReadonlyMap<Alias, Node>

export function aliasTargets(root: Node): AliasTargets {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(root, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source)
        if (target) targets.set(node, target)
      } else if ('anchor' in node && typeof node.anchor === 'string') {
        anchors.set(node.anchor, node as Node)
      }
    },
  })
  return targets
}

/** Counts what aliases add, over all documents of one file. */
export interface AliasBudget {
  used: number
}

/**
 * The value of a parsed document as kubectl sees it (sigs.k8s.io/yaml): keys become text, the last of equal keys wins, a merge key
 * overrides the keys written before it, aliases are copied so that no two places share an object.
 */
export function toValue(root: Node, targets: AliasTargets, limits: YamlLimits, budget: AliasBudget): Json {
  const following = new Set<Node>()
  let aliasDepth = 0

  function convert(node: unknown, depth: number): Json {
    if (node === null || node === undefined) return null
    if (depth > limits.maxDepth) throw tooDeep(node, limits)
    if (aliasDepth > 0 && ++budget.used > limits.maxAliasValues) {
      const message = `aliases expand to more than ${limits.maxAliasValues} values`
      throw new ConversionProblem('YAML_LIMIT', message, offsetOf(node), 'write the values out instead of repeating them by alias')
    }
    if (isAlias(node)) return followAlias(node, depth, (target) => convert(target, depth))
    if (isScalar(node)) return scalarValue(node)
    if (isSeq(node)) return node.items.map((item) => convert(isPair(item) ? pairMap(item) : item, depth + 1))
    if (isMap(node)) return mapValue(node, depth)
    throw new ConversionProblem('YAML_SYNTAX', 'unexpected YAML node', offsetOf(node), 'write a map, a list or a scalar')
  }

  function followAlias<T>(alias: Alias, depth: number, use: (target: Node) => T): T {
    const target = targets.get(alias)
    if (!target) {
      throw new ConversionProblem(
        'YAML_SYNTAX',
        'an alias names an anchor that is not defined before it',
        offsetOf(alias),
        'define the anchor first',
      )
    }
    if (following.has(target) || depth > limits.maxDepth) {
      throw new ConversionProblem('YAML_SYNTAX', 'an anchor contains itself', offsetOf(alias), 'remove the alias inside its own anchor')
    }
    following.add(target)
    aliasDepth++
    try {
      return use(target)
    } finally {
      aliasDepth--
      following.delete(target)
    }
  }

  function mapValue(map: YAMLMap, depth: number): JsonObject {
    const object: JsonObject = {}
    for (const pair of map.items) {
      if (isMergeKey(pair.key)) merge(object, pair.value, depth)
      else put(object, keyText(pair.key), convert(pair.value, depth + 1))
    }
    return object
  }

  function merge(object: JsonObject, source: unknown, depth: number): void {
    if (isAlias(source)) followAlias(source, depth, (target) => merge(object, target, depth))
    else if (isMap(source)) {
      for (const [key, value] of Object.entries(convert(source, depth) as JsonObject)) put(object, key, value)
    } else if (isSeq(source)) {
      // The first map of the list wins, so it is laid on last.
      for (const item of source.items.toReversed()) {
        if (isSeq(item)) throw notMergeable(item)
        merge(object, item, depth)
      }
    } else throw notMergeable(source)
  }

  return convert(root, 1)
}

/** Defined, never assigned: a key named `__proto__` is an ordinary key. */
function put(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === Scalar.PLAIN && key.value === '<<'
}

/** The key of a map entry as JSON text; null, list and map keys have none. */
export function keyText(key: unknown): string {
  const value = isScalar(key) ? scalarValue(key) : null
  if (value === null)
    throw new ConversionProblem('YAML_SYNTAX', 'a map key must be text, a number or a boolean', offsetOf(key), 'quote the key')
  return String(value)
}

function scalarValue(node: Scalar): Json {
  const text = String(node.value ?? '')
  const tag = node.tag?.replace(/^tag:yaml\.org,2002:/, '')
  if (tag === 'str' || tag === 'timestamp') return text
  if (tag === 'binary') return Buffer.from(text, 'base64').toString('utf8')
  if (tag === 'int' || tag === 'float' || tag === 'bool' || tag === 'null') return taggedValue(node, text, tag)
  if (node.type !== Scalar.PLAIN || tag === '!') return text
  const resolved = resolvePlain(text)
  if (resolved === 'not-json') {
    throw new ConversionProblem(
      'YAML_SYNTAX',
      'infinity and NaN are not values of a manifest',
      offsetOf(node),
      'quote it, or write a number',
    )
  }
  return resolved === 'text' ? text : resolved.value
}

function taggedValue(node: Scalar, text: string, tag: 'int' | 'float' | 'bool' | 'null'): Json {
  const resolved = resolvePlain(text)
  const value = typeof resolved === 'object' ? resolved.value : undefined
  const fits =
    tag === 'int'
      ? Number.isInteger(value)
      : tag === 'float'
        ? typeof value === 'number'
        : tag === 'bool'
          ? typeof value === 'boolean'
          : value === null
  if (value === undefined || !fits) {
    throw new ConversionProblem(
      'YAML_SYNTAX',
      `the value does not fit its tag !!${tag}`,
      offsetOf(node),
      'correct the value or remove the tag',
    )
  }
  return value
}

function pairMap(pair: Pair): unknown {
  return pair.value ?? pair.key
}

function tooDeep(node: unknown, limits: YamlLimits): ConversionProblem {
  return new ConversionProblem('YAML_LIMIT', `nested deeper than ${limits.maxDepth} levels`, offsetOf(node), 'flatten the document')
}

function notMergeable(node: unknown): ConversionProblem {
  return new ConversionProblem(
    'YAML_SYNTAX',
    'a merge key (<<) needs a map or a list of maps',
    offsetOf(node),
    'give it a map, or quote the key',
  )
}

export function offsetOf(node: unknown): number {
  const range = (node as Partial<Node> | null)?.range
  return range?.[0] ?? 0
}
