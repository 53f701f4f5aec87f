/** ^C and SIGTERM as a signal that the commands look at; a second one ends the process at once. */

const exitCodeOfInterrupt = 130

export interface Interruption {
  readonly signal: AbortSignal
  /** Lets signals end the process again. */
  dispose(): void
}

export function catchInterruption(): Interruption {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodeOfInterrupt)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
