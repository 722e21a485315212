/** Kinds of things with a global id. */
export type NodeKind = 'Application' | 'Cluster' | 'Operation' | 'Event'

/** Global id: opaque to clients, but readable in a log. */
export const nodeId = (kind: NodeKind, id: string | number): string => `${kind}:${id}`

/** The kind and id in a global id; undefined when it is none. */
export function readNodeId(text: string): { readonly kind: NodeKind; readonly id: string } | undefined {
  const [, kind, id] = /^(Application|Cluster|Operation|Event):(.+)$/s.exec(text) ?? []
  return kind === undefined || id === undefined ? undefined : { kind: kind as NodeKind, id }
}

/** An id given as a global id of this kind or bare. */
export function bareId(kind: NodeKind, text: string): string {
  const node = readNodeId(text)
  return node?.kind === kind ? node.id : text
}
