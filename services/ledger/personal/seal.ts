import type { AppendRequest, NewEvent } from '../event.ts'
import { mapPersonal, type PersonalField, personalFields, sealField } from './envelope.ts'
import type { SubjectKeys } from './subject-keys.ts'

/** Every personal field of a request that still has its value. */
function openFields(request: AppendRequest): PersonalField[] {
  return request.streams.flatMap(({ events }) =>
    events.flatMap(({ data }) => [...personalFields(data)].filter((field) => field.value !== undefined)),
  )
}

/** The request as it may be stored: no personal value in the clear, and none at all for a subject that has been erased. */
export async function sealRequest(request: AppendRequest, keys: SubjectKeys): Promise<AppendRequest> {
  const subjects = openFields(request).map((field) => field.subject)
  if (subjects.length === 0) return request
  const found = await keys.forSealing(subjects)
  const seal = (event: NewEvent): NewEvent => ({
    ...event,
    data: mapPersonal(event.data, (field) => {
      if (field.value === undefined) return field
      const key = found.get(field.subject)
      return key ? sealField(field, key) : { subject: field.subject }
    }),
  })
  return { ...request, streams: request.streams.map((stream) => ({ ...stream, events: stream.events.map(seal) })) }
}
