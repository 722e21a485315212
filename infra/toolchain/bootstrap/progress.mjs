const quietLineEveryMs = 15_000
const redrawEveryMs = 1_000

/**
 * @typedef {object} Task one slow thing that is going on
 * @property {(detail: string) => void} detail says what it does right now
 * @property {(text: string) => void} done ends it and prints one line
 */

/**
 * Shows slow things on a terminal as one line that is redrawn, elsewhere as one line every 15 seconds.
 * Lines of others go through `print`, so that they never land in the middle of the redrawn line.
 */
export class Progress {
  /** @type {Set<{label: string, usualSeconds: number, startedMs: number, saidMs: number, detail: string}>} */
  #tasks = new Set()
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #drawn = false
  #stream

  /** @param {{write(text: string): unknown, isTTY?: boolean, columns?: number}} stream usually `process.stderr` */
  constructor(stream) {
    this.#stream = stream
  }

  /** @param {string} line printed above the redrawn line, if there is one */
  print(line) {
    this.#stream.write(`${this.#cleared()}${line}\n`)
    this.#redraw()
  }

  /**
   * @param {string} label such as `building etcd`
   * @param {number} usualSeconds what it took elsewhere, so that the reader knows what to expect
   * @returns {Task}
   */
  begin(label, usualSeconds) {
    const now = Date.now()
    const task = { label, usualSeconds, startedMs: now, saidMs: now, detail: '' }
    this.#tasks.add(task)
    if (this.#stream.isTTY) this.#redraw()
    else this.print(`${label} (usually ${duration(usualSeconds)})`)
    this.#timer ??= setInterval(() => this.#tick(), redrawEveryMs).unref()
    return {
      detail: (detail) => {
        task.detail = detail
      },
      done: (text) => {
        this.#tasks.delete(task)
        if (this.#tasks.size === 0) {
          clearInterval(this.#timer)
          this.#timer = undefined
        }
        this.print(`${text} (${duration(secondsSince(task.startedMs))})`)
      },
    }
  }

  #tick() {
    if (this.#stream.isTTY) return this.#redraw()
    for (const task of this.#tasks) {
      if (Date.now() - task.saidMs < quietLineEveryMs) continue
      task.saidMs = Date.now()
      this.print(`${task.label}: ${state(task)}`)
    }
  }

  #redraw() {
    if (!this.#stream.isTTY || this.#tasks.size === 0) return
    const text = [...this.#tasks].map((task) => `${task.label} ${state(task)}`).join(' | ')
    this.#stream.write(this.#cleared() + text.slice(0, (this.#stream.columns || 80) - 1))
    this.#drawn = true
  }

  /** What wipes the redrawn line away; empty when there is none. */
  #cleared() {
    if (!this.#drawn) return ''
    this.#drawn = false
    return '\r\x1b[2K'
  }
}

/**
 * @param {number} seconds
 * @returns {string} such as `38 s` or `4 min 16 s`
 */
export function duration(seconds) {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** @param {{startedMs: number, usualSeconds: number, detail: string}} task */
function state(task) {
  const text = `${duration(secondsSince(task.startedMs))} of usually ${duration(task.usualSeconds)}`
  return task.detail ? `${text}, ${task.detail}` : text
}

/** @param {number} startedMs */
function secondsSince(startedMs) {
  return (Date.now() - startedMs) / 1_000
}
