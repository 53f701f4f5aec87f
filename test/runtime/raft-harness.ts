/**
 * Raft drivers on simulated disks with a virtual clock and a network in memory, and a listener that notes what it is told.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import type { FileSystem } from '../../src/log/file-system.ts'
import { createLogEnvironment } from '../../src/log/log-environment.ts'
import { defaultRaftTimings, type RaftConfig } from '../../src/raft/raft-io.ts'
import type { RaftNetwork } from '../../src/raft/raft-network.ts'
import type { Voter } from '../../src/raft/voter-set.ts'
import {
  defaultMetadataLogSettings,
  defaultMetadataRetention,
  RaftDriver,
  type RaftDriverOptions,
} from '../../src/runtime/raft/raft-driver.ts'
import { formatMetadataDirectory } from '../../src/runtime/raft/raft-format.ts'
import type { CommittedBatch, RaftListener } from '../../src/runtime/raft/raft-listener.ts'
import { drive } from '../base/drive.ts'
import { FaultyFileSystem } from '../log/faulty-file-system.ts'

export const clusterId = 'aaaaaaaaQAeAAAAAAAAAAA'
export const logDirectory = '/data'
export const metadataDirectory = '/data/__cluster_metadata-0'
export const kafkaFixture = new URL('./fixtures/kafka-4.3.1-metadata/', import.meta.url)

export function directoryIdOf(id: number): string {
  return Buffer.alloc(16, id).toString('base64url')
}

export function voterOf(id: number): Voter {
  return {
    id,
    directoryId: directoryIdOf(id),
    endpoints: [{ name: 'CONTROLLER', host: `node${id}`, port: 9093 }],
    kraftVersionMin: 0,
    kraftVersionMax: 1,
  }
}

/** What a listener heard, in order; record values as text. */
export class RecordingListener implements RaftListener {
  readonly heard: string[] = []
  readonly batches: CommittedBatch[] = []
  snapshotsCount = 0
  values: string[] = []

  onLoadSnapshot(snapshot: Parameters<RaftListener['onLoadSnapshot']>[0]): void {
    this.snapshotsCount++
    this.values = [...snapshot.batches].flat().map(String)
    this.heard.push(`snapshot ${snapshot.endOffset}-${snapshot.epoch} of ${this.values.length}`)
  }

  onCommitted(batch: CommittedBatch): void {
    this.batches.push({ ...batch, records: batch.records.map((value) => Buffer.from(value)) })
    for (const value of batch.records) this.values.push(value.toString())
    this.heard.push(`committed ${batch.baseOffset}-${batch.lastOffset} of epoch ${batch.epoch}`)
  }

  onLeaderChange({ leaderId, epoch }: { leaderId: number; epoch: number }): void {
    this.heard.push(`leader ${leaderId} of epoch ${epoch}`)
  }

  onBecomeLeader({ epoch }: { epoch: number }): void {
    this.heard.push(`leads epoch ${epoch}`)
  }

  onResign({ epoch }: { epoch: number }): void {
    this.heard.push(`resigns epoch ${epoch}`)
  }
}

/** One machine: its disk outlives its drivers. */
export class RaftMachine {
  readonly id: number
  readonly disk: FaultyFileSystem
  readonly #harness: RaftHarness
  listener = new RecordingListener()
  failures: Error[] = []
  driver: RaftDriver | undefined
  isReachable = true

  constructor(harness: RaftHarness, id: number) {
    this.#harness = harness
    this.id = id
    this.disk = new FaultyFileSystem(harness.random)
  }

  async makeRoot(): Promise<void> {
    await this.#harness.drive(this.disk.makeDirectory(logDirectory))
    await this.#harness.drive(this.disk.syncDirectory('/'))
  }

  /** Formats it as the only voter. */
  async format(voter: Voter = voterOf(this.id)): Promise<void> {
    await this.makeRoot()
    const { clock } = this.#harness
    await this.#harness.drive(formatMetadataDirectory({ fileSystem: this.disk, clock, logDirectory, voters: [voter] }))
  }

  /** Puts the files of a directory of this machine onto the disk. */
  async copyFrom(source: URL, target = logDirectory): Promise<void> {
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const path = `${target}/${entry.name}`
      if (entry.isDirectory()) {
        await this.#harness.drive(this.disk.makeDirectory(path))
        await this.copyFrom(new URL(`${entry.name}/`, source), path)
      } else await this.#harness.drive(this.disk.replaceFile(path, readFileSync(new URL(entry.name, source))))
    }
    await this.#harness.drive(this.disk.syncDirectory(target))
  }

  /** Opens a driver over what is on the disk, without starting it. */
  async open(options: Partial<RaftDriverOptions> = {}, config: Partial<RaftConfig> = {}): Promise<RaftDriver> {
    const { clock, random } = this.#harness
    this.listener = new RecordingListener()
    this.failures = []
    const fileSystem: FileSystem = this.disk.mount()
    this.driver = await this.#harness.drive(
      RaftDriver.open({
        logDirectory,
        config: {
          nodeId: this.id,
          directoryId: directoryIdOf(this.id),
          clusterId,
          canVote: true,
          endpoints: voterOf(this.id).endpoints,
          kraftVersionMin: 0,
          kraftVersionMax: 1,
          bootstrapServers: [],
          ...defaultRaftTimings,
          ...config,
        },
        staticVoters: [],
        logSettings: defaultMetadataLogSettings,
        retention: defaultMetadataRetention,
        environment: createLogEnvironment({ fileSystem, clock, random }),
        network: this.#harness.networkOf(this),
        listener: this.listener,
        onFailure: (error) => this.failures.push(error),
        ...options,
      }),
    )
    return this.driver
  }

  /** Opens and starts, and lets the disk do what follows at once. */
  async start(options: Partial<RaftDriverOptions> = {}, config: Partial<RaftConfig> = {}): Promise<RaftDriver> {
    const driver = await this.open(options, config)
    driver.start()
    await this.#harness.settle()
    return driver
  }

  crash(kind: 'process' | 'power'): void {
    this.driver = undefined
    this.disk.crash(kind)
  }

  async append(...values: string[]): Promise<number> {
    const lastOffset = this.driver!.append(values.map((value) => Buffer.from(value)))
    await this.#harness.settle()
    return lastOffset
  }

  readFile(name: string): Promise<Buffer> {
    return this.#harness.drive(this.disk.readFile(`${metadataDirectory}/${name}`))
  }

  async fileNames(): Promise<string[]> {
    const entries = await this.#harness.drive(this.disk.list(metadataDirectory))
    return entries.map(({ name }) => name).sort()
  }
}

export class RaftHarness {
  readonly random: SeededRandom
  readonly clock = new VirtualClock()
  readonly machines: RaftMachine[]

  constructor(machinesCount = 1, seed = 1) {
    this.random = new SeededRandom(seed)
    this.machines = Array.from({ length: machinesCount }, (_, index) => new RaftMachine(this, index + 1))
  }

  get machine(): RaftMachine {
    return this.machines[0]!
  }

  /** What `sender` speaks through: messages take a millisecond; to and from machines that are not reachable they are lost. */
  networkOf(sender: RaftMachine): RaftNetwork {
    return {
      send: (to, request, onAnswer) => {
        const target = this.machines.find(({ id }) => to.endpoint.host === `node${id}`)
        const isCut = () => !sender.isReachable || !target?.isReachable
        this.clock.schedule(1, () => {
          if (isCut() || target?.driver === undefined) {
            onAnswer(undefined)
            return
          }
          target.driver.handleRequest(request, (response) => {
            this.clock.schedule(1, () => onAnswer(isCut() ? undefined : response))
          })
        })
      },
    }
  }

  /** Lets the end of turns and the disks go on until `promise` settles. */
  drive<Result>(promise: Promise<Result>): Promise<Result> {
    return drive(this.clock, promise)
  }

  /** Until the disks have nothing left to do; no time passes. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2000; round++) {
      await Promise.resolve()
      this.clock.runTurn()
    }
  }

  /** Lets time pass, a few milliseconds at a time, until `isDone`. Throws when that takes longer than `limitMs`. */
  async until(isDone: () => boolean, limitMs = 30_000): Promise<void> {
    for (let passedMs = 0; !isDone(); passedMs += 5) {
      if (passedMs > limitMs) throw new Error(`not done after ${limitMs} ms`)
      await this.clock.advanceAsync(5)
      for (let round = 0; round < 50; round++) {
        await Promise.resolve()
        this.clock.runTurn()
      }
    }
  }
}
