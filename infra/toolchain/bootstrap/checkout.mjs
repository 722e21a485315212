import { fileURLToPath } from 'node:url'

/** Absolute path of the checkout this file lies in, without a trailing separator. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '')
