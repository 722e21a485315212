import { readdirSync, readFileSync } from 'node:fs'

const here = new URL('./', import.meta.url)

/** The whole schema in SDL, all topics together. */
export const typeDefs: string = readdirSync(here)
  .filter((file) => file.endsWith('.graphql'))
  .sort()
  .map((file) => readFileSync(new URL(file, here), 'utf8'))
  .join('\n')
