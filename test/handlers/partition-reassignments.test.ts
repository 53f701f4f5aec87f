/** AlterPartitionReassignments (45) and ListPartitionReassignments (46). */
import { expect, test } from 'vitest'
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../src/protocol/api/45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../src/protocol/api/46-list-partition-reassignments.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { createTopics, startControlledBroker } from './controlled-broker.ts'

const alterApi = [alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse] as const
const listApi = [listPartitionReassignmentsRequest, listPartitionReassignmentsResponse] as const

const toBroker2 = { topics: [{ name: 'a', partitions: [{ partitionIndex: 0, replicas: [2] }] }] }

test.each([0, 1])('version %i moves, lists and cancels', async (version) => {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  const alter = async (replicas: number[] | null) => {
    const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, replicas }] }]
    const { responses } = await harness.call(alterApi, version, { topics })
    return responses[0]!.partitions[0]
  }
  expect(await alter([2])).toEqual({ partitionIndex: 0, errorCode: 0, errorMessage: null })
  const ongoing = { partitionIndex: 0, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }
  expect((await harness.call(listApi, 0, { topics: null })).topics).toEqual([{ name: 'a', partitions: [ongoing] }])
  expect((await harness.call(listApi, 0, { topics: [] })).topics).toEqual([])
  expect(await alter(null)).toMatchObject({ errorCode: 0 })
  expect((await harness.call(listApi, 0, { topics: null })).topics).toEqual([])
  expect(await alter(null)).toEqual({
    partitionIndex: 0,
    errorCode: errorCodes.NO_REASSIGNMENT_IN_PROGRESS,
    errorMessage: null,
  })
})

test('version 1 repeats whether the replication factor may change', async () => {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, replicas: [1, 2] }] }]
  const answer = await harness.call(alterApi, 1, { topics, allowReplicationFactorChange: false })
  expect(answer.allowReplicationFactorChange).toBe(false)
  expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(errorCodes.INVALID_REPLICATION_FACTOR)
})

test('what the controller refuses as a whole is told for each partition', async () => {
  const harness = await startControlledBroker()
  harness.onControllerRequest = async () => ({ errorCode: errorCodes.POLICY_VIOLATION, errorMessage: 'too large' })
  const told = { errorCode: errorCodes.POLICY_VIOLATION, errorMessage: 'too large' }
  expect(await harness.call(alterApi, 1, toBroker2)).toMatchObject({ ...told, responses: [{ partitions: [told] }] })
})

test('without time nothing is done, and without topics nothing is asked', async () => {
  const harness = await startControlledBroker()
  const errorCode = errorCodes.REQUEST_TIMED_OUT
  const request = { ...toBroker2, timeoutMs: 0, allowReplicationFactorChange: false }
  expect(await harness.call(alterApi, 1, request)).toMatchObject({
    // Not what was asked: an answer that is an error says the default.
    allowReplicationFactorChange: true,
    errorCode,
    errorMessage: null,
    responses: [{ name: 'a', partitions: [{ partitionIndex: 0, errorCode, errorMessage: null }] }],
  })
  expect(await harness.call(alterApi, 1, { topics: [], timeoutMs: 0 })).toMatchObject({
    errorCode: 0,
    errorMessage: '',
  })
  expect(harness.controllerRequests).toEqual([])
})

test('moving needs the right to alter the cluster, listing the right to describe it', async () => {
  const harness = await startControlledBroker({ authorize: () => false })
  expect(await harness.call(alterApi, 1, toBroker2)).toMatchObject({
    errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
    responses: [{ partitions: [{ errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED }] }],
  })
  await expect(harness.call(listApi, 0, { topics: null })).rejects.toThrow('CLUSTER_AUTHORIZATION_FAILED')
})
