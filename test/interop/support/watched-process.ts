/**
 * The processes that a test has started, and what each said last: a failure prints it, so that one on another machine
 * explains itself. What still runs when a file's tests have ended is killed.
 */
import type { ChildProcess } from 'node:child_process'

const tailCharacters = 20_000

interface Watched {
  readonly name: string
  readonly child: ChildProcess
  /** A group of its own, which ends as a whole. */
  readonly isGroup: boolean
  tail: string
}

const processes = new Set<Watched>()

const hasEnded = ({ child }: Watched): boolean => child.exitCode !== null || child.signalCode !== null

/** Keeps the last of what the process says, whoever else reads it. `isGroup`: it was spawned `detached`. */
export function watch(name: string, child: ChildProcess, isGroup = false): { tail(): string } {
  const watched: Watched = { name, child, isGroup, tail: '' }
  processes.add(watched)
  const onOutput = (chunk: Buffer): void => {
    watched.tail = (watched.tail + chunk.toString()).slice(-tailCharacters)
  }
  child.stdout?.on('data', onOutput)
  child.stderr?.on('data', onOutput)
  return { tail: () => watched.tail }
}

/** Forgets those that have ended, since the next test has nothing to do with them. */
export function forgetEnded(): void {
  for (const watched of processes) if (hasEnded(watched)) processes.delete(watched)
}

export function lastWords(characters = 3000): string {
  const told = [...processes].map((watched) => {
    const { child, name, tail } = watched
    const end = hasEnded(watched) ? `ended with ${child.exitCode ?? child.signalCode}` : 'is running'
    return `--- ${name} (${child.pid}) ${end}, said last:\n${tail.slice(-characters).trimEnd()}`
  })
  return told.join('\n')
}

/** Returns the names of those that had to be killed. */
export function killRunning(): string[] {
  const running = [...processes].filter((watched) => !hasEnded(watched))
  for (const { child, isGroup } of running) {
    // A process that stands still is killed as well.
    if (isGroup) process.kill(-child.pid!, 'SIGKILL')
    else child.kill('SIGKILL')
  }
  return running.map(({ name }) => name)
}
