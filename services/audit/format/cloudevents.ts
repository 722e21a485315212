import type { Format } from './format.ts'

/**
 * CloudEvents 1.0, JSON batch: an event for each row between one that opens the report and one that closes it. Ids are the same whenever the same report is
 * made again, so that a consumer takes each row once.
 */
export const cloudevents: Format = {
  name: 'cloudevents',
  extension: 'cloudevents.json',
  mediaType: 'application/cloudevents-batch+json; charset=utf-8',
  async *write(report, head, rows, closing) {
    const { log, recordedAt } = head.asOf
    const { from, to, at, change, projects } = head.query
    const of = [head.schema, from, to, at, change, ...projects].join('/')
    const event = (id: string | number, type: string, subject: string, time: string, data: unknown) =>
      JSON.stringify({
        specversion: '1.0',
        id: `${of}#${id}`,
        source: `urn:fairlead:log:${log}`,
        type,
        subject,
        time,
        datacontenttype: 'application/json',
        data,
      })
    yield `[\n${event('open', 'fairlead.audit.report.opened.v1', head.report, recordedAt, head)}`
    let count = 0
    for await (const row of rows) {
      count++
      const { subject, time } = report.subject(row)
      yield `,\n${event(count, head.schema, subject, time ?? recordedAt, row)}`
    }
    const completeness = (await closing.completeness(count)) ?? null
    yield `,\n${event('close', 'fairlead.audit.report.closed.v1', head.report, recordedAt, { rows: count, completeness })}\n]\n`
    return { rows: count }
  },
}
