import { expect, test } from 'vitest'
import { parseInitialControllers } from '../../../src/cli/initial-controllers.ts'
import {
  checkAssignments,
  formatAssignments,
  parseAssignments,
  parseTopics,
} from '../../../src/cli/reassignment/assignment-file.ts'
import { movesOf, movingBrokers, throttledReplicas } from '../../../src/cli/reassignment/throttles.ts'
import { parsePartitions } from '../../../src/cli/tools/leader-election.ts'

const assignment = { topic: 't', partition: 1, replicas: [1, 2], logDirs: ['any', '/data'] }
const line = '{"version":1,"partitions":[{"topic":"t","partition":1,"replicas":[1,2],"log_dirs":["any","/data"]}]}'

test('assignments are read and written', () => {
  expect(parseAssignments(line)).toEqual([assignment])
  expect(parseAssignments('{"partitions":[{"topic":"t","partition":1,"replicas":[2]}]}')[0]!.logDirs).toEqual(['any'])
  const later = { topic: 't', partition: 10, replicas: [], logDirs: [] }
  expect(formatAssignments([later, { ...assignment, partition: 9 }, { ...later, topic: 'T' }])).toMatch(
    /"topic":"T".*"partition":9.*"partition":10/,
  )
  expect(formatAssignments([assignment])).toBe(line)
  expect(parseTopics('{"topics":[{"topic":"a"},{"topic":"b"}],"version":1}')).toEqual(['a', 'b'])
})

test.each([
  ['{', 'The input string is not a valid JSON'],
  ['{"version":2}', 'Not supported version field value 2'],
  ['{"partitions":[{"topic":"t","partition":0}]}', 'No such field exists: `replicas`'],
  ['{"partitions":[{"topic":"t","partition":"0","replicas":[1]}]}', 'Expected `Integer` value, received "0"'],
  [
    '{"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any"]}]}',
    'Size of replicas list [1, 2] is different from size of log dirs list [any] for partition t-0',
  ],
  ['{"partitions":7}', 'Expected a list of JSON objects, received 7'],
  ['[]', 'Expected JSON object, received []'],
])('%s is no assignment', (text, message) => {
  expect(() => parseAssignments(text)).toThrow(message)
})

test('what may not be begun', () => {
  expect(() => checkAssignments([])).toThrow('Partition reassignment list cannot be empty')
  expect(() => checkAssignments([{ ...assignment, replicas: [] }])).toThrow('Partition replica list cannot be empty')
  expect(() => checkAssignments([assignment, assignment])).toThrow('contains duplicate topic partitions: t-1')
  expect(() => checkAssignments([{ ...assignment, replicas: [1, 1] }])).toThrow(
    'Partition replica lists may not contain duplicate entries: t-1 contains multiple entries for 1',
  )
})

test('throttles are of all that sends and all that takes', () => {
  const ongoing = [{ topic: 't', partition: 2, replicas: [4, 5, 6], adding: [6], removing: [4] }]
  const moves = movesOf(
    ongoing,
    [
      { ...assignment, replicas: [2, 3] },
      { topic: 't', partition: 2, replicas: [7, 5] },
    ],
    () => [1, 2],
  )
  expect(throttledReplicas(moves, 'sources')).toBe('1:1,1:2,2:4,2:5')
  expect(throttledReplicas(moves, 'destinations')).toBe('1:3,2:7')
  expect(movingBrokers(moves)).toEqual([1, 2, 3, 4, 5, 7])
})

test('partitions to elect', () => {
  expect(parsePartitions('{"partitions":[{"topic":"t","partition":1}]}')).toEqual([{ topic: 't', partition: 1 }])
  expect(() => parsePartitions('x')).toThrow('Replica election data is empty')
  expect(() => parsePartitions('{}')).toThrow('Replica election data is missing "partitions" field')
  const twice = '{"partitions":[{"topic":"t","partition":1},{"topic":"t","partition":1}]}'
  expect(() => parsePartitions(twice)).toThrow('Replica election data contains duplicate partitions: [t-1]')
})

test('voters of a new quorum', () => {
  const text = '1@one.example:9093:JEXY6aqzQY-32P5TStzaFg,2@[::1]:9094:MvDxzVmcRsaTz33bUuRU6A'
  expect(parseInitialControllers(text, 'CONTROLLER')).toMatchObject([
    {
      id: 1,
      directoryId: 'JEXY6aqzQY-32P5TStzaFg',
      endpoints: [{ name: 'CONTROLLER', host: 'one.example', port: 9093 }],
    },
    { id: 2, endpoints: [{ host: '::1', port: 9094 }] },
  ])
  expect(() => parseInitialControllers('1@one:9093', 'C')).toThrow('write it as id@host:port:directoryId')
  const twice = '1@a:1:JEXY6aqzQY-32P5TStzaFg,1@b:1:MvDxzVmcRsaTz33bUuRU6A'
  expect(() => parseInitialControllers(twice, 'C')).toThrow('node 1 is named twice')
})
