import { describe, expect, test } from 'vitest'
import { judge, parseHealthArguments } from '../../../src/cli/admin/cluster-health.ts'
import { metadataResponse } from '../../../src/protocol/api/03-metadata.ts'
import { decode, encode } from '../../../src/protocol/compile.ts'

interface Replicas {
  readonly leaderId: number
  readonly replicaNodes?: number[]
  readonly offlineReplicas?: number[]
}

/** Brokers 1 and so on at ports 9001 and so on, and one topic. */
function metadata(brokerCount: number, partitions: readonly Replicas[]) {
  const brokers = Array.from({ length: brokerCount }, (_, index) => ({
    nodeId: index + 1,
    host: 'h',
    port: 9001 + index,
  }))
  const described = partitions.map((each, partitionIndex) => ({ partitionIndex, replicaNodes: [1], ...each }))
  const message = { brokers, topics: [{ name: 't', partitions: described }] }
  return decode(metadataResponse, 9, encode(metadataResponse, 9, message))
}
const asked = (port: number) => [{ host: 'h', port }]

describe('a broker is healthy', () => {
  test('when it leads its partitions', () => {
    expect(judge(metadata(1, [{ leaderId: 1 }, { leaderId: 1 }]), asked(9001))).toMatchObject({
      isHealthy: true,
      partitionCount: 2,
    })
    expect(judge(metadata(1, []), asked(9001)).isHealthy).toBe(true)
  })

  test('unless one has no leader, or its replica is offline', () => {
    expect(judge(metadata(1, [{ leaderId: 1 }, { leaderId: -1 }]), asked(9001))).toEqual({
      isHealthy: false,
      reason: 'unhealthy: 1 of 2 partitions are offline or have no leader: t-1',
      partitionCount: 2,
      leaderlessCount: 1,
    })
    const offline = { leaderId: 2, replicaNodes: [1, 2], offlineReplicas: [1] }
    expect(judge(metadata(2, [offline]), asked(9001)).isHealthy).toBe(false)
    expect(judge(metadata(0, []), asked(9001)).reason).toBe('unhealthy: no broker is registered')
  })

  test('whatever happens to the partitions of others', () => {
    const ofTwo = metadata(2, [{ leaderId: 1 }, { leaderId: -1, replicaNodes: [2] }])
    expect(judge(ofTwo, asked(9001))).toMatchObject({ isHealthy: true, partitionCount: 1 })
    expect(judge(ofTwo, asked(9002)).isHealthy).toBe(false)
    expect(judge(ofTwo, asked(9999)).isHealthy).toBe(false)
  })
})

test('plain words need no yargs', () => {
  expect(parseHealthArguments([])).toEqual({ bootstrap: 'localhost:9092', timeoutMs: 1000, format: 'text' })
  const words = ['--bootstrap-server', 'b:1', '--timeout', '500', '--format', 'json']
  expect(parseHealthArguments(words)).toEqual({ bootstrap: 'b:1', timeoutMs: 500, format: 'json' })
  for (const other of [['--help'], ['-b'], ['-b', '--help'], ['--timeout', 'soon'], ['--format', 'xml'], ['x', 'y']])
    expect(parseHealthArguments(other)).toBeUndefined()
})
