export { type ErrorCode, errorCodes } from './codes.ts'
export { type ErrorOptions, type ErrorShape, type ErrorWhere, FairleadError } from './error.ts'
export { Redacted } from './redacted.ts'
