import { assessControl, type Tally } from '../oscal/assess.ts'
import { type Control, controlsOf } from '../oscal/controls.ts'
import { uuid5 } from '../oscal/uuid.ts'
import type { Report } from '../report/report.ts'
import type { FileHead, Format } from './format.ts'

/**
 * OSCAL 1.1.3 assessment-results: an observation for each row, a finding for each control that the report is evidence for. A finding says what this report
 * alone can say; a control that several reports speak for needs all of them.
 */
export const oscal: Format = {
  name: 'oscal',
  extension: 'oscal.json',
  mediaType: 'application/json; charset=utf-8',
  async *write(report, head, rows, closing) {
    const { from, to, at, change, projects } = head.query
    const name = [head.asOf.log, head.schema, from, to, at, change, ...projects].join('/')
    const controls = controlsOf(report.kind)
    yield opening(report, head, name, controls)
    let count = 0
    let against = 0
    let first: string | undefined
    const related: string[] = []
    for await (const row of rows) {
      count++
      const uuid = uuid5(`${name}#${count}`)
      const flaw = report.against(row)
      if (flaw !== undefined) {
        against++
        first ??= flaw
        if (related.length < maxRelated) related.push(uuid)
      }
      yield `${count === 1 ? ',"observations":[\n' : ',\n'}${JSON.stringify(observation(report, row, head, uuid, flaw))}`
    }
    if (count > 0) yield '\n]'
    const [completeness, verification] = [await closing.completeness(count), await closing.verification()]
    const tally: Tally = { rows: count, against, first }
    const findings = controls.map((control) => {
      const { state, reason, remarks } = assessControl(head.origin, tally, completeness, verification)
      return {
        uuid: uuid5(`${name}#${control.id}`),
        title: `${control.framework} ${control.number}`,
        description: control.about,
        target: { type: 'objective-id', 'target-id': control.id, status: { state, reason, remarks } },
        ...(related.length > 0 && { 'related-observations': related.map((uuid) => ({ 'observation-uuid': uuid })) }),
      }
    })
    const counted = completeness ? [prop('changes', completeness.changes), prop('out-of-band', completeness.outOfBand)] : []
    const props = [prop('rows', count), ...counted, prop('complete', completeness ? completeness.holds : 'not-a-population')]
    yield `,"findings":${JSON.stringify(findings)},"props":${JSON.stringify(props)}}],"back-matter":${JSON.stringify(backMatter(name))}}}\n`
    return { rows: count }
  },
}

/** Observations that a finding points to: the first ones are enough to begin with, the count is in its remarks. */
const maxRelated = 100

const prop = (name: string, value: string | number | boolean) => ({ name, ns: 'urn:fairlead:audit', value: String(value) })

/** The document up to the observations, with its last two braces open. */
function opening(report: Report, head: FileHead, name: string, controls: readonly Control[]): string {
  const { asOf, query, generator, about, origin } = head
  const props = [
    prop('generator', generator),
    prop('schema', head.schema),
    prop('log', asOf.log),
    prop('as-of-position', asOf.position),
    prop('as-of-block', asOf.block),
    ...(asOf.blockHash === '' ? [] : [prop('as-of-block-hash', asOf.blockHash)]),
    prop('from-position', query.from),
    prop('to-position', query.to),
    prop('projects', query.projects.join(' ') || 'none'),
    ...(query.change === undefined ? [] : [prop('change', query.change)]),
    prop('origin', origin.state),
  ]
  const metadata = {
    title: report.title,
    'last-modified': asOf.recordedAt,
    version: String(asOf.position),
    'oscal-version': '1.1.3',
    props,
  }
  const result = {
    uuid: uuid5(`${name}#result`),
    title: report.title,
    description: `${about} ${origin.note}`,
    start: asOf.recordedAt,
    end: asOf.recordedAt,
    'reviewed-controls': {
      'control-selections': [{ 'include-controls': controls.map(({ id }) => ({ 'control-id': id })) }],
    },
  }
  const head1 = `"uuid":${JSON.stringify(uuid5(name))},"metadata":${JSON.stringify(metadata)},"import-ap":{"href":"#${uuid5(`${name}#plan`)}"}`
  return `{"assessment-results":{${head1},"results":[${JSON.stringify(result).slice(0, -1)}`
}

function observation(report: Report, row: unknown, head: FileHead, uuid: string, flaw: string | undefined): object {
  const { subject, time, text } = report.subject(row)
  return {
    uuid,
    title: subject,
    description: text,
    props: [prop('speaks-against', flaw !== undefined), ...(time === null ? [] : [prop('time', time)])],
    methods: ['EXAMINE'],
    collected: head.asOf.recordedAt,
    ...(flaw !== undefined && { remarks: flaw }),
  }
}

/** There is no assessment plan but this program: the document names it itself. */
function backMatter(name: string): object {
  const description =
    'Reports are made by the program from its own log, as documented in docs/audit.md; there is no separate assessment plan.'
  return { resources: [{ uuid: uuid5(`${name}#plan`), title: 'Assessment by the program itself', description }] }
}
