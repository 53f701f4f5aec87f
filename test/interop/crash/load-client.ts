/** Runs crash_client.py and keeps what it reports: acknowledgements, what the group read, tried and committed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repositoryRoot } from '../support/broker-process.ts'
import { interopCache, run } from '../support/run-tool.ts'
import { watch } from '../support/watched-process.ts'

const python = join(interopCache, 'python/bin/python')
/** Far beyond any timeout of the clients, so it means that something hangs. */
const patienceMs = 180_000
const script = join(repositoryRoot, 'test/interop/python-client/crash_client.py')

export interface LoadTopics {
  readonly idempotent: string
  readonly plain: string
  readonly partitions: number
  readonly group: string
  /** Of the idempotent producer. */
  readonly compression: string
}

export interface Acknowledged {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly sequence: number
}

/** What a partition's committed offset may be: the last acknowledged commit, or one that was tried after it. */
interface CommitWindow {
  readonly acknowledged: number
  readonly tried: readonly number[]
}

export class LoadClient {
  readonly acknowledged: Acknowledged[] = []
  readonly givenUp: string[] = []
  /** Where the group resumed at another offset than it had committed. */
  readonly wrongResumes: string[] = []
  /** Records that the group was given although it had committed beyond them. */
  readonly readAgain: string[] = []
  resumeCount = 0
  groupReadCount = 0
  /** Whatever happens is told with it: `round 7`. */
  moment = 'before the first round'
  readonly #child: ChildProcess
  readonly #tail: () => string
  readonly #commits = new Map<number, CommitWindow>()
  readonly #waiting = new Map<
    () => boolean,
    { readonly resolve: () => void; readonly reject: (error: Error) => void }
  >()
  #hasEnded = false

  constructor(bootstrap: string, topics: LoadTopics) {
    const words = [topics.idempotent, topics.plain, String(topics.partitions), topics.group, topics.compression]
    this.#child = spawn(python, ['-u', script, 'load', bootstrap, ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#tail = watch('the load client', this.#child).tail
    this.#child.on('close', () => this.#onEnd())
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#onLine(line))
  }

  /** Resolves when so many more records were acknowledged. */
  acknowledgements(count: number): Promise<void> {
    const sum = this.acknowledged.length + count
    return this.#until(() => this.acknowledged.length >= sum)
  }

  /** Resolves when a new member of the group has asked where to resume, and the group has read a record after that. */
  async resumedGroup(): Promise<void> {
    const resumes = this.resumeCount
    await this.#until(() => this.resumeCount > resumes)
    const reads = this.groupReadCount
    await this.#until(() => this.groupReadCount > reads)
  }

  #until(isDone: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.set(isDone, { resolve, reject })
      const late = () => reject(new Error(`${this.moment}: not within ${patienceMs / 1000} s; ${this.#tail()}`))
      timer = setTimeout(late, patienceMs)
    })
    return done.finally(() => clearTimeout(timer))
  }

  #onEnd(): void {
    const { exitCode, signalCode } = this.#child
    const error = new Error(`${this.moment}: the load client ended with ${exitCode ?? signalCode}: ${this.#tail()}`)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  /** Writes no more, waits for all acknowledgements. */
  async finish(): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.stdin!.end()
    const [code] = (await ended) as [number | null]
    if (code !== 0 || !this.#hasEnded) throw new Error(`the load client ended with ${code}: ${this.#tail()}`)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #onLine(line: string): void {
    const [kind, ...words] = line.split(' ')
    const numbers = words.map(Number)
    if (kind === 'a') {
      this.acknowledged.push({
        topic: words[0]!,
        partition: numbers[1]!,
        offset: numbers[2]!,
        sequence: numbers[3]!,
      })
    } else if (kind === 'f') this.givenUp.push(`${this.moment}: ${line}`)
    else if (kind === 'r') this.#onResume(numbers[0]!, numbers[1]!)
    else if (kind === 't') this.#onTried(numbers[0]!, numbers[1]!)
    else if (kind === 'c') this.#commits.set(numbers[0]!, { acknowledged: numbers[1]!, tried: [] })
    else if (kind === 'g') this.#onGroupRead(numbers[0]!, numbers[1]!)
    else if (kind === 'end') this.#hasEnded = true
    for (const [isDone, { resolve }] of this.#waiting) {
      if (isDone() && this.#waiting.delete(isDone)) resolve()
    }
  }

  #window(partition: number): CommitWindow {
    return this.#commits.get(partition) ?? { acknowledged: -1, tried: [] }
  }

  #onTried(partition: number, offset: number): void {
    const { acknowledged, tried } = this.#window(partition)
    this.#commits.set(partition, { acknowledged, tried: [...tried, offset] })
  }

  #onResume(partition: number, offset: number): void {
    const { acknowledged, tried } = this.#window(partition)
    this.resumeCount++
    if (offset !== acknowledged && !tried.includes(offset)) {
      const expected = [acknowledged, ...tried].join(' or ')
      this.wrongResumes.push(`${this.moment}: partition ${partition} resumes at ${offset}, committed was ${expected}`)
    }
    this.#commits.set(partition, { acknowledged: offset, tried: [] })
  }

  #onGroupRead(partition: number, offset: number): void {
    this.groupReadCount++
    const { acknowledged } = this.#window(partition)
    if (offset < acknowledged)
      this.readAgain.push(`${this.moment}: partition ${partition} gave ${offset}, committed was ${acknowledged}`)
  }
}

/** Every record of a topic by partition, as `[offset, sequence]` in the order of the log. */
export async function readTopic(
  bootstrap: string,
  topic: string,
  partitions: number,
): Promise<ReadonlyMap<number, readonly (readonly [number, number])[]>> {
  const output = await run(python, [script, 'read', bootstrap, topic, String(partitions)])
  const lines = output.trim().split('\n')
  if (lines.pop() !== 'end') throw new Error(`reading ${topic} was cut off`)
  const records = new Map<number, [number, number][]>()
  for (const line of lines) {
    const [partition, offset, sequence] = line.split(' ').map(Number) as [number, number, number]
    const list = records.get(partition)
    if (list === undefined) records.set(partition, [[offset, sequence]])
    else list.push([offset, sequence])
  }
  return records
}
