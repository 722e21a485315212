import { FairleadError } from '@fairlead/errors'
import { PublishedHead } from '@fairlead/messages'

/** Heads that are sent to be verified against; more are thinned out evenly, the newest stays. */
const maxHeads = 2_000

/** The heads of a checkpoint file: one JSON document a line. Handovers of keys among them are left out. Throws `BAD_USER_INPUT` naming the line. */
export function parseHeads(text: string, file: string): PublishedHead[] {
  const heads = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      const document = JSON.parse(line) as { format?: unknown }
      return document.format === 'fairlead.key-handover.v1' ? [] : [PublishedHead.parse(document)]
    } catch (cause) {
      throw new FairleadError('BAD_USER_INPUT', `${file}:${index + 1} is no signed head`, { cause, where: { file, line: index + 1 } })
    }
  })
  if (heads.length === 0) throw new FairleadError('BAD_USER_INPUT', `${file} holds no signed head`, { where: { file } })
  const every = Math.ceil(heads.length / maxHeads)
  return heads.filter((_, index) => (heads.length - 1 - index) % every === 0)
}
