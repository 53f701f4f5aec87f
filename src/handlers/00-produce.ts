/**
 * Produce (0)
 *
 * *Behavior.* Each partition's one batch is checked and appended on its own: one that is refused does not touch the
 * others. With acks=1 the answer waits until the leader has written all of them, with acks=all until the in-sync replicas
 * have them, at most `timeoutMs`: then REQUEST_TIMED_OUT, though the records may be in the log. With acks=0 there is no
 * answer; an error closes the connection, so that the client asks for metadata anew. A repeated batch of an idempotent
 * producer is answered as the first one was, also after a restart (Kafka knows the last batch only then): what is out of
 * order is looked for in the log before it is refused. A partition that comes twice in one request is refused the second time
 * (Kafka appends the last one).
 *
 * Transactions are not served yet: a transactional batch is refused with INVALID_TXN_STATE, and without a transactional id
 * with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, as in Kafka.
 *
 * *Version notes.* 0 to 2 are advertised and refused by closing the connection. Before 7 zstd is refused. 8 names single
 * records. 10 names the leader in answers of NOT_LEADER_OR_FOLLOWER. From 13 topics are named by id.
 */
import type { Uuid } from '../base/uuid.ts'
import type {
  PartitionProduceData,
  PartitionProduceResponse,
  ProduceRequest,
  ProduceResponse,
  TopicProduceData,
} from '../protocol/api/00-produce.ts'
import { type ErrorCode, errorCodes, errorName, KafkaError } from '../protocol/errors.ts'
import { RecordValidationError } from '../protocol/record/record-checks.ts'
import { hasTransactionalRecords, RecordsFramingError } from '../protocol/record/validate.ts'
import { DelayedProduce } from '../runtime/replica/delayed-produce.ts'
import type { Partition, PartitionAppend } from '../runtime/replica/partition.ts'
import type { Broker } from './broker.ts'
import { CloseConnection, noReply, type RequestContext } from './handler.ts'
import { isLeaderError, LeaderHints } from './leader-hint.ts'

const topicIdVersion = 13
const leaderHintVersion = 10

const noRecordErrors: PartitionProduceResponse['recordErrors'] = []
const noLeader = { leaderId: -1, leaderEpoch: -1 }
const noRecords = Buffer.alloc(0)

/** Errors of a partition, not of its log: Kafka then tells no log start offset. */
const errorsWithoutLog: ReadonlySet<number> = new Set([
  errorCodes.UNKNOWN_SERVER_ERROR,
  errorCodes.CORRUPT_MESSAGE,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.MESSAGE_TOO_LARGE,
  errorCodes.RECORD_LIST_TOO_LARGE,
  errorCodes.NOT_ENOUGH_REPLICAS,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.UNSUPPORTED_COMPRESSION_TYPE,
])

export function handleProduce(
  broker: Broker,
  request: ProduceRequest,
  context: RequestContext,
): ProduceResponse | Promise<ProduceResponse> | typeof noReply {
  return new Production(broker, request, context).run()
}

/** The answer to a request that failed as a whole. With acks=0 there is none: the connection closes. */
export function refuseProduce({ acks, topicData }: ProduceRequest, error: KafkaError): ProduceResponse {
  if (acks === 0) throw new CloseConnection(`a Produce with acks=0 met ${error.error}`)
  const responses = topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }) => ({
      ...answerOf(index, error.code, -1, -1, -1),
      errorMessage: error.message,
    })),
  }))
  return { responses, throttleTimeMs: 0, nodeEndpoints: [] }
}

/** One Produce request from its first check to its answer. */
class Production {
  readonly #broker: Broker
  readonly #request: ProduceRequest
  readonly #context: RequestContext
  readonly #version: number
  readonly #response: ProduceResponse
  readonly #append: PartitionAppend
  /** Why no partition is looked at; 0 when they are. */
  readonly #requestError: ErrorCode
  readonly #mark: number
  #delayed: DelayedProduce | undefined
  /** Partitions whose log is asked what their producers wrote. */
  readonly #recalls: Promise<void>[] = []
  #hints: LeaderHints | undefined
  #firstError: ErrorCode = 0

  constructor(broker: Broker, request: ProduceRequest, context: RequestContext) {
    this.#broker = broker
    this.#request = request
    this.#context = context
    this.#version = context.apiVersion
    this.#response = { responses: [], throttleTimeMs: 0, nodeEndpoints: [] }
    this.#append = { requiredAcks: request.acks, origin: 'client', produceVersion: context.apiVersion }
    this.#requestError = checkTransactionalId(broker, request, context)
    this.#mark = broker.replicaManager.nextRequestMark()
  }

  run(): ProduceResponse | Promise<ProduceResponse> | typeof noReply {
    const { topicData, acks } = this.#request
    for (const topic of topicData) {
      if (topic.partitionData.length > 0) this.#produceTopic(topic)
    }
    if (acks === 0) {
      if (this.#firstError !== 0) {
        throw new CloseConnection(`a Produce with acks=0 met ${errorName(this.#firstError)}`)
      }
      return noReply
    }
    return this.#recalls.length > 0 ? Promise.all(this.#recalls).then(() => this.#finish()) : this.#finish()
  }

  #finish(): ProduceResponse | Promise<ProduceResponse> {
    this.#addEndpoints()
    return this.#delayed?.isPending === true ? this.#delayed.wait(this.#request.timeoutMs) : this.#response
  }

  onPartitionFailed(partition: Partition, answer: PartitionProduceResponse, error: ErrorCode): void {
    answer.errorCode = error
    // With these two the records may well be in the log, and the offset is where.
    if (error !== errorCodes.REQUEST_TIMED_OUT && error !== errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND) {
      answer.baseOffset = -1
      answer.logAppendTimeMs = -1
      answer.logStartOffset = -1
    }
    this.#hintLeader(answer, partition.topicId)
    this.#addEndpoints()
  }

  #produceTopic(data: TopicProduceData): void {
    const { replicaManager, image, authorize } = this.#broker
    const isById = this.#version >= topicIdVersion
    const name = isById ? image.topicName(data.topicId) : data.name
    const isAllowed = name !== undefined && authorize(this.#context, 'Write', 'Topic', name)
    const answers: PartitionProduceResponse[] = []
    this.#response.responses.push({ name: data.name, topicId: data.topicId, partitionResponses: answers })
    for (const partitionData of data.partitionData) {
      const { index } = partitionData
      if (this.#requestError !== 0) {
        answers.push(this.#refused(index, this.#requestError))
      } else if (name !== undefined && !isAllowed) {
        answers.push(this.#refused(index, errorCodes.TOPIC_AUTHORIZATION_FAILED))
      } else {
        const partition = isById
          ? replicaManager.partitionById(data.topicId, index)
          : replicaManager.partition(name!, index)
        answers.push(
          partition === undefined ? this.#missing(data, index) : this.#producePartition(partition, partitionData),
        )
      }
    }
  }

  #missing(data: TopicProduceData, index: number): PartitionProduceResponse {
    const { replicaManager, image } = this.#broker
    const isById = this.#version >= topicIdVersion
    const error = isById
      ? replicaManager.missingErrorById(data.topicId, index)
      : replicaManager.missingError(data.name, index)
    const answer = this.#refused(index, error)
    const topicId = isById ? data.topicId : image.topics.getByName(data.name)?.id
    if (topicId !== undefined) this.#hintLeader(answer, topicId)
    return answer
  }

  #producePartition(partition: Partition, data: PartitionProduceData): PartitionProduceResponse {
    const { acks } = this.#request
    if (acks < -1 || acks > 1) return this.#refused(data.index, errorCodes.INVALID_REQUIRED_ACKS)
    if (partition.requestMark === this.#mark) return this.#refused(data.index, errorCodes.INVALID_REQUEST)
    partition.requestMark = this.#mark
    const records = data.records ?? noRecords
    if (hasTransactionalRecords(records)) return this.#refused(data.index, errorCodes.INVALID_TXN_STATE)
    try {
      const result = partition.append(records, this.#append)
      const answer = answerOf(data.index, 0, result.baseOffset, result.logAppendTimeMs, result.logStartOffset)
      if (acks !== 0) this.#awaitAcks(partition, answer, result.lastOffset + 1)
      return answer
    } catch (error) {
      const recall = this.#maybeRecall(partition, records, error)
      if (recall === undefined) return this.#failed(partition, data.index, error)
      const answer = answerOf(data.index, errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, -1, -1, -1)
      this.#recalls.push(this.#appendAfter(recall, partition, records, answer))
      return answer
    }
  }

  /** What is out of order may be in the log: this broker was started anew and has forgotten it. */
  #maybeRecall(partition: Partition, records: Buffer, error: unknown): Promise<void> | undefined {
    if (!(error instanceof KafkaError) || error.code !== errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER) return undefined
    return this.#request.acks === 0 ? undefined : partition.log?.producerRecall.maybeRecall(records)
  }

  /** Appends again once `recall` is done: then it is known what the batch is. */
  async #appendAfter(
    recall: Promise<void>,
    partition: Partition,
    records: Buffer,
    answer: PartitionProduceResponse,
  ): Promise<void> {
    try {
      await recall
      const result = partition.append(records, this.#append)
      const { baseOffset, logAppendTimeMs, logStartOffset } = result
      Object.assign(answer, answerOf(answer.index, 0, baseOffset, logAppendTimeMs, logStartOffset))
      this.#awaitAcks(partition, answer, result.lastOffset + 1)
    } catch (error) {
      const again = this.#maybeRecall(partition, records, error)
      if (again !== undefined) return this.#appendAfter(again, partition, records, answer)
      Object.assign(answer, this.#failed(partition, answer.index, error))
    }
  }

  #awaitAcks(partition: Partition, answer: PartitionProduceResponse, endOffset: number): void {
    this.#delayed ??= new DelayedProduce({
      clock: this.#broker.clock,
      requiredAcks: this.#request.acks,
      response: this.#response,
      failures: this,
    })
    this.#delayed.add(partition, answer, endOffset)
  }

  #failed(partition: Partition, index: number, error: unknown): PartitionProduceResponse {
    if (!(error instanceof KafkaError)) throw error
    const answer = this.#refused(index, error.code)
    const isMisframed = error instanceof RecordsFramingError
    if (!isMisframed && !errorsWithoutLog.has(error.code)) answer.logStartOffset = partition.log?.logStartOffset ?? -1
    if (isMisframed && error.code === errorCodes.CORRUPT_MESSAGE) answer.errorMessage = error.message
    if (error instanceof RecordValidationError) {
      answer.errorMessage = error.message
      answer.recordErrors = error.recordErrors.map(({ batchIndex, message }) => ({
        batchIndex,
        batchIndexErrorMessage: message,
      }))
    }
    this.#hintLeader(answer, partition.topicId)
    return answer
  }

  #refused(index: number, errorCode: ErrorCode): PartitionProduceResponse {
    if (this.#firstError === 0) this.#firstError = errorCode
    return answerOf(index, errorCode, -1, -1, -1)
  }

  #hintLeader(answer: PartitionProduceResponse, topicId: Uuid): void {
    if (this.#version < leaderHintVersion || !isLeaderError(answer.errorCode)) return
    this.#hints ??= new LeaderHints(this.#broker, this.#context.connection)
    answer.currentLeader = this.#hints.leaderOf(topicId, answer.index)
  }

  #addEndpoints(): void {
    if (this.#hints !== undefined) this.#response.nodeEndpoints = this.#hints.endpoints
  }
}

function answerOf(
  index: number,
  errorCode: number,
  baseOffset: number,
  logAppendTimeMs: number,
  logStartOffset: number,
): PartitionProduceResponse {
  return {
    index,
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors: noRecordErrors,
    errorMessage: null,
    currentLeader: noLeader,
  }
}

/** Transactional records need a transactional id that the principal may write with. */
function checkTransactionalId(broker: Broker, request: ProduceRequest, context: RequestContext): ErrorCode {
  const { transactionalId, topicData } = request
  const isTransactional = topicData.some((topic) =>
    topic.partitionData.some(({ records }) => records !== null && hasTransactionalRecords(records)),
  )
  if (!isTransactional) return 0
  const isAllowed = transactionalId !== null && broker.authorize(context, 'Write', 'TransactionalId', transactionalId)
  return isAllowed ? 0 : errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}
