/**
 * An administrator who makes topics and, while the nemesis is at work, changes what a running cluster lets be changed.
 * What it is told to be done stays done.
 */
import type { CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import type { Ledger } from './ledger.ts'
import { type ClientSurroundings, ModelClient } from './model-client.ts'
import type { Shape } from './simulated-cluster.ts'

export class ModelAdmin extends ModelClient {
  readonly ledger: Ledger

  constructor(name: string, surroundings: ClientSurroundings, ledger: Ledger) {
    super(name, surroundings)
    this.ledger = ledger
  }

  /** Tries until it is there. */
  async create(name: string, numPartitions: number, replicationFactor: number): Promise<void> {
    const request = { topics: [{ name, numPartitions, replicationFactor }], timeoutMs: 5000 }
    while (!this.isStopped) {
      try {
        const options = { waitMs: 5000 }
        const answer = await this.ask<CreateTopicsResponse>(this.anyBroker(), apiKeys.CreateTopics, request, options)
        const { errorCode } = answer.topics[0]!
        if (errorCode === 0 || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) return
        this.tell(`could not create ${name}: ${errorName(errorCode)}`)
      } catch (error) {
        this.tell(`could not create ${name}: ${(error as Error).message}`)
      }
      await this.sleep(200)
    }
  }

  startMeddling(_shape: Shape): void {}
}
