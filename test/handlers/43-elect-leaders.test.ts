import { expect, test } from 'vitest'
import { electLeadersRequest, electLeadersResponse } from '../../src/protocol/api/43-elect-leaders.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { createTopics, startControlledBroker } from './controlled-broker.ts'

const api = [electLeadersRequest, electLeadersResponse] as const
const asked = [{ topic: 'a', partitions: [0, 7] }]

test.each([0, 1, 2])('version %i tells each partition', async (version) => {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  const answer = await harness.call(api, version, { topicPartitions: asked })
  expect(answer.errorCode).toBe(0)
  expect(answer.replicaElectionResults).toEqual([
    {
      topic: 'a',
      partitionResult: [
        {
          partitionId: 0,
          errorCode: errorCodes.ELECTION_NOT_NEEDED,
          errorMessage: 'Leader election not needed for topic partition.',
        },
        { partitionId: 7, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'No such partition as a-7' },
      ],
    },
  ])
  const { replicaElectionResults } = await harness.call(api, version, { topicPartitions: null })
  expect(replicaElectionResults).toEqual([{ topic: 'a', partitionResult: [] }])
})

test.each([
  ['an unknown kind', { electionType: 7 }, 'INVALID_REQUEST', 'Unknown election type 7'],
  ['no time', { timeoutMs: 0 }, 'REQUEST_TIMED_OUT', null],
] as const)('%s is told at the top and for each partition', async (_name, fields, error, errorMessage) => {
  const harness = await startControlledBroker()
  const answer = await harness.call(api, 2, { topicPartitions: asked, ...fields })
  const errorCode = errorCodes[error]
  const partitionResult = [0, 7].map((partitionId) => ({ partitionId, errorCode, errorMessage }))
  expect(answer).toMatchObject({ errorCode, replicaElectionResults: [{ topic: 'a', partitionResult }] })
})

test('asked for none it does nothing', async () => {
  const harness = await startControlledBroker()
  const answer = await harness.call(api, 2, { topicPartitions: [], timeoutMs: 0 })
  expect(answer).toMatchObject({ errorCode: 0, replicaElectionResults: [] })
  expect(harness.controllerRequests).toEqual([])
})

test('needs the right to alter the cluster, also in version 0, which has no error of the whole', async () => {
  const harness = await startControlledBroker({ authorize: (_, operation) => operation !== 'Alter' })
  const { replicaElectionResults } = await harness.call(api, 0, { topicPartitions: asked })
  expect(replicaElectionResults[0]?.partitionResult[0]?.errorCode).toBe(errorCodes.CLUSTER_AUTHORIZATION_FAILED)
  expect(harness.controllerRequests).toEqual([])
})
