import { DefaultLogger, type LogLevel } from '@temporalio/worker'
import type { Logger } from 'pino'

const levels: Readonly<Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  // What the SDK finds worth telling about itself is rarely news to an operator.
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
}

/** The SDK's log lines through ours. */
export function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => log[levels[level]]({ ...meta }, message))
}
