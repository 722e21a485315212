import type { Terminal } from './print.ts'

/** A terminal that nobody looks at: without colour, keeping what is written to it. */
export class CapturedTerminal implements Terminal {
  readonly colour = false
  readonly errColour = false
  stdout = ''
  stderr = ''

  readonly out = (text: string): void => {
    this.stdout += text
  }

  readonly err = (text: string): void => {
    this.stderr += text
  }
}
