/** A whole node in this process, on real sockets and files: what tests of clients in `npm test` run against. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/base/logger.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { type RunningNode, startNode } from '../../src/node.ts'
import { freePort } from '../interop/support/ports.ts'

export class StartedNode {
  readonly directory: string
  readonly #settings: Readonly<Record<string, string>>
  #node: RunningNode | undefined
  /** The same in every run; no outgoing connection, such as a client's that looks for the node, takes it in between. */
  #port: number

  private constructor(directory: string, port: number, settings: Readonly<Record<string, string>>) {
    this.directory = directory
    this.#port = port
    this.#settings = settings
  }

  /** On a fresh directory and a free port; `settings` go before those of a first run. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<StartedNode> {
    const node = new StartedNode(mkdtempSync(join(tmpdir(), 'ottla-node-')), await freePort(), settings)
    await node.restart()
    return node
  }

  get listeners(): RunningNode['listeners'] {
    return this.#node!.listeners
  }

  get port(): number {
    return this.#port
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Stops cleanly if it runs, and starts on the same directory and the same port. */
  async restart(): Promise<void> {
    await this.stop()
    const settings = {
      'log.dirs': this.directory,
      listeners: `PLAINTEXT://127.0.0.1:${this.#port}`,
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '4',
      'group.initial.rebalance.delay.ms': '0',
      ...this.#settings,
    }
    this.#node = await startNode({ config: BrokerConfig.from(new Map(Object.entries(settings))), logger: silentLogger })
    this.#port = this.#node.listeners[0]!.port
  }

  async stop(): Promise<void> {
    const node = this.#node
    this.#node = undefined
    await node?.stop()
  }

  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
