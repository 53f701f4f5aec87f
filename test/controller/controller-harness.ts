/**
 * The controller without a log: requests are decided, what comes out is encoded, decoded and replayed into its image and
 * into a second, fresh one, and the two must agree. Time is a number.
 */
import { expect } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { randomUuid } from '../../src/base/uuid.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { Controller } from '../../src/controller/controller.ts'
import { nodeHashing } from '../../src/io/node-hashing.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts'
import { decodeMetadataRecord, encodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import { supportedFeatures } from '../../src/metadata/metadata-version.ts'
import type { PartitionRegistration } from '../../src/metadata/partition-registration.ts'
import type { CreateTopicsRequestInput, CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import type { AlterConfigsResponse } from '../../src/protocol/api/33-alter-configs.ts'
import type {
  BrokerRegistrationRequestInput,
  BrokerRegistrationResponse,
} from '../../src/protocol/api/62-broker-registration.ts'
import type {
  BrokerHeartbeatRequestInput,
  BrokerHeartbeatResponse,
} from '../../src/protocol/api/63-broker-heartbeat.ts'
import { apiKeys, apis } from '../../src/protocol/api/index.ts'
import { decode, encode } from '../../src/protocol/compile.ts'
import { imageContent } from '../metadata/image-content.ts'

export const clusterId = 'vPeOCWypqUOSepEvx0cbog'

export type TopicInput = NonNullable<CreateTopicsRequestInput['topics']>[number]

export class ControllerHarness {
  readonly random: SeededRandom
  readonly image = new MetadataImage({ isUndoable: true })
  readonly controller: Controller
  readonly config: BrokerConfig
  nowMs = 0
  kraftVersion = 1
  /** What the last request wrote. */
  written: readonly MetadataRecord[] = []
  readonly #follower = new MetadataImage()
  readonly #epochs = new Map<number, number>()

  constructor(config: Readonly<Record<string, string>> = {}, seed = 1) {
    this.random = new SeededRandom(seed)
    this.config = BrokerConfig.from(new Map(Object.entries(config)))
    this.controller = new Controller({
      image: this.image,
      config: this.config,
      clusterId,
      random: this.random,
      hashing: nodeHashing,
      kraftVersion: () => this.kraftVersion,
    })
  }

  /** A bootstrapped controller with brokers 1 to `count`, all unfenced. */
  static withBrokers(count: number, config: Readonly<Record<string, string>> = {}, seed = 1): ControllerHarness {
    const harness = new ControllerHarness(config, seed)
    harness.activate()
    for (let id = 1; id <= count; id++) harness.startBroker(id)
    return harness
  }

  activate(): readonly MetadataRecord[] {
    return this.commit(this.controller.activate(this.nowMs))
  }

  /** Replays records as the runtime would. */
  commit(records: readonly MetadataRecord[]): readonly MetadataRecord[] {
    this.written = records.map((record) => decodeMetadataRecord(encodeMetadataRecord(record)))
    for (const record of this.written) {
      this.image.replay(record, this.image.nextOffset)
      this.#follower.replay(record, this.#follower.nextOffset)
    }
    expect(imageContent(this.#follower)).toEqual(imageContent(this.image))
    return this.written
  }

  /** Decides, replays, answers; the request gets the defaults of its newest version, the answer goes through bytes. */
  handle<Response>(apiKey: number, request: object, isPredecessorGone = false): Response {
    const api = apis.get(apiKey)!
    const version = api.request.maxVersion
    const decoded = decode(api.request, version, encode(api.request, version, request))
    const before = imageContent(this.image)
    const result = this.controller.handle(apiKey, decoded, { nowMs: this.nowMs, isPredecessorGone })
    expect(imageContent(this.image)).toEqual(before)
    this.commit(result.records)
    return decode(api.response, version, encode(api.response, version, result.response)) as Response
  }

  get writtenTypes(): string[] {
    return this.written.map((record) => record.type)
  }

  registration(id: number, fields: Partial<BrokerRegistrationRequestInput> = {}): BrokerRegistrationRequestInput {
    return {
      brokerId: id,
      clusterId,
      incarnationId: randomUuid(this.random),
      listeners: [{ name: 'PLAINTEXT', host: `broker-${id}`, port: 9092, securityProtocol: 0 }],
      features: [...supportedFeatures].map(([name, { min, max }]) => ({
        name,
        minSupportedVersion: min,
        maxSupportedVersion: max,
      })),
      rack: null,
      logDirs: [directoryOf(id)],
      previousBrokerEpoch: -1,
      ...fields,
    }
  }

  register(id: number, fields: Partial<BrokerRegistrationRequestInput> = {}, isPredecessorGone = false): number {
    const response = this.handle<BrokerRegistrationResponse>(
      apiKeys.BrokerRegistration,
      this.registration(id, fields),
      isPredecessorGone,
    )
    this.#epochs.set(id, response.brokerEpoch)
    return response.brokerEpoch
  }

  heartbeat(id: number, fields: Partial<BrokerHeartbeatRequestInput> = {}): BrokerHeartbeatResponse {
    return this.handle(apiKeys.BrokerHeartbeat, {
      brokerId: id,
      brokerEpoch: this.#epochs.get(id) ?? -1,
      currentMetadataOffset: this.image.nextOffset - 1,
      ...fields,
    })
  }

  /** Registers and unfences. */
  startBroker(id: number, fields: Partial<BrokerRegistrationRequestInput> = {}): void {
    this.register(id, fields)
    this.heartbeat(id)
  }

  epochOf(id: number): number {
    return this.#epochs.get(id)!
  }

  createTopics(topics: readonly TopicInput[], validateOnly = false): CreateTopicsResponse['topics'] {
    const request: CreateTopicsRequestInput = { topics, timeoutMs: 1000, validateOnly }
    return this.handle<CreateTopicsResponse>(apiKeys.CreateTopics, request).topics
  }

  /** Creates one topic with given replicas; its ISR are those that are up. */
  createTopic(name: string, assignments: readonly (readonly number[])[], configs: Record<string, string> = {}): string {
    const [result] = this.createTopics([
      {
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ])
    expect(result).toMatchObject({ errorCode: 0, errorMessage: null })
    return result!.topicId
  }

  partition(name: string, index = 0): PartitionRegistration {
    return this.image.topics.getByName(name)!.partitions.get(index)!
  }

  /** One resource, operations as [name, operation, value]; answers [error code, message]. */
  alterConfigs(
    type: number,
    name: string,
    ...configs: readonly (readonly [name: string, operation: number, value: string | null])[]
  ): readonly [number, string | null] {
    const response = this.handle<AlterConfigsResponse>(apiKeys.IncrementalAlterConfigs, {
      resources: [
        {
          resourceType: type,
          resourceName: name,
          configs: configs.map(([key, configOperation, value]) => ({ name: key, configOperation, value })),
        },
      ],
    })
    return [response.responses[0]!.errorCode, response.responses[0]!.errorMessage]
  }
}

export function directoryOf(id: number): string {
  return Buffer.alloc(16, 200 + id).toString('base64url')
}
