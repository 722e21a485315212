import { z } from 'zod'

/** The part of NIST's OSCAL 1.1.3 assessment-results model that reports use, with its patterns; strict, so that nothing the model does not know gets in. */
const uuid = z.string().regex(/^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/)
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u)
const text = z.string().regex(/^\S(.*\S)?$/)
const dateTime = z.iso.datetime({ offset: true })
const prop = z.strictObject({ name: token, ns: z.string(), value: text })

export const OscalDocument = z.strictObject({
  'assessment-results': z.strictObject({
    uuid,
    metadata: z.strictObject({
      title: z.string(),
      'last-modified': dateTime,
      version: text,
      'oscal-version': text,
      props: z.array(prop).min(1),
    }),
    'import-ap': z.strictObject({ href: z.string().regex(/^#/) }),
    results: z
      .array(
        z.strictObject({
          uuid,
          title: z.string(),
          description: z.string(),
          start: dateTime,
          end: dateTime,
          'reviewed-controls': z.strictObject({
            'control-selections': z
              .array(z.strictObject({ 'include-controls': z.array(z.strictObject({ 'control-id': token })).min(1) }))
              .min(1),
          }),
          observations: z
            .array(
              z.strictObject({
                uuid,
                title: z.string(),
                description: z.string(),
                props: z.array(prop).min(1),
                methods: z.array(z.enum(['EXAMINE', 'INTERVIEW', 'TEST', 'UNKNOWN'])).min(1),
                collected: dateTime,
                remarks: z.string().optional(),
              }),
            )
            .min(1)
            .optional(),
          findings: z
            .array(
              z.strictObject({
                uuid,
                title: z.string(),
                description: z.string(),
                target: z.strictObject({
                  type: z.enum(['statement-id', 'objective-id']),
                  'target-id': token,
                  status: z.strictObject({ state: z.enum(['satisfied', 'not-satisfied']), reason: token, remarks: z.string() }),
                }),
                'related-observations': z
                  .array(z.strictObject({ 'observation-uuid': uuid }))
                  .min(1)
                  .optional(),
              }),
            )
            .min(1),
          props: z.array(prop).min(1),
        }),
      )
      .min(1),
    'back-matter': z.strictObject({ resources: z.array(z.strictObject({ uuid, title: z.string(), description: z.string() })).min(1) }),
  }),
})
