/**
 * Where the nodes of a cluster live: an address each, on the loopback device or, so that they can be cut off from one
 * another, in network namespaces on a bridge. Namespaces need root.
 */
import { spawnSync } from 'node:child_process'
import { run } from './run-tool.ts'

export interface ClusterNetwork {
  /** Whether `isolate` works. */
  readonly canIsolate: boolean
  hostOf(nodeId: number): string
  /** What stands before a node's command line so that it runs at its address. */
  commandPrefix(nodeId: number): readonly string[]
  add(nodeId: number): Promise<void>
  /** Nothing that is sent to the node or by it arrives any more, and nobody is told. */
  isolate(nodeId: number): Promise<void>
  heal(nodeId: number): Promise<void>
  dispose(): Promise<void>
}

/** Every cluster takes a subnet of its own, so that several runs can go on at a time on one machine. */
function randomSubnet(): number {
  return 1 + Math.floor(Math.random() * 250)
}

export class LoopbackNetwork implements ClusterNetwork {
  readonly canIsolate = false
  readonly #subnet = randomSubnet()

  hostOf(nodeId: number): string {
    return `127.77.${this.#subnet}.${nodeId}`
  }

  commandPrefix(): readonly string[] {
    return []
  }

  async add(): Promise<void> {}

  isolate(): Promise<void> {
    throw new Error('nobody can be cut off on the loopback device')
  }

  heal(): Promise<void> {
    throw new Error('nobody can be cut off on the loopback device')
  }

  async dispose(): Promise<void> {}
}

export class NamespaceNetwork implements ClusterNetwork {
  readonly canIsolate = true
  readonly #subnet: number
  readonly #nodeIds = new Set<number>()

  /** Whether this machine and user can make namespaces. */
  static isPermitted(): boolean {
    if (process.getuid?.() !== 0) return false
    const name = `ottla-try-${process.pid}`
    if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return false
    return spawnSync('ip', ['netns', 'del', name]).status === 0
  }

  static async create(): Promise<NamespaceNetwork> {
    for (let attempt = 1; ; attempt++) {
      const subnet = randomSubnet()
      try {
        await ip('link', 'add', `ottla${subnet}`, 'type', 'bridge')
      } catch (error) {
        if (attempt === 5) throw error
        continue
      }
      await ip('addr', 'add', `10.77.${subnet}.254/24`, 'dev', `ottla${subnet}`)
      await ip('link', 'set', `ottla${subnet}`, 'up')
      return new NamespaceNetwork(subnet)
    }
  }

  private constructor(subnet: number) {
    this.#subnet = subnet
  }

  hostOf(nodeId: number): string {
    return `10.77.${this.#subnet}.${nodeId}`
  }

  commandPrefix(nodeId: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(nodeId)]
  }

  async add(nodeId: number): Promise<void> {
    const namespace = this.#namespace(nodeId)
    const [outside, inside] = [this.#device(nodeId), `${this.#device(nodeId)}i`]
    await ip('netns', 'add', namespace)
    this.#nodeIds.add(nodeId)
    await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside)
    await ip('link', 'set', inside, 'netns', namespace)
    await ip('link', 'set', outside, 'master', `ottla${this.#subnet}`)
    await ip('link', 'set', outside, 'up')
    await ip('-n', namespace, 'addr', 'add', `${this.hostOf(nodeId)}/24`, 'dev', inside)
    await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    await ip('-n', namespace, 'link', 'set', inside, 'up')
  }

  async isolate(nodeId: number): Promise<void> {
    await ip('link', 'set', this.#device(nodeId), 'down')
  }

  async heal(nodeId: number): Promise<void> {
    await ip('link', 'set', this.#device(nodeId), 'up')
  }

  async dispose(): Promise<void> {
    for (const nodeId of this.#nodeIds) await ip('netns', 'del', this.#namespace(nodeId))
    await ip('link', 'del', `ottla${this.#subnet}`)
  }

  #namespace(nodeId: number): string {
    return `ottla${this.#subnet}-${nodeId}`
  }

  #device(nodeId: number): string {
    return `ot${this.#subnet}n${nodeId}`
  }
}

async function ip(...words: readonly string[]): Promise<void> {
  await run('ip', words)
}
