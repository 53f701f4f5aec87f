import { describe, expect, test } from 'vitest'
import { clusterHealth, judge, parseHealthArguments } from '../../../src/cli/admin/cluster-health.ts'
import { type ClusterFacts, judgeCluster } from '../../../src/cli/admin/whole-cluster-health.ts'
import { metadataResponse } from '../../../src/protocol/api/03-metadata.ts'
import { decode, encode } from '../../../src/protocol/compile.ts'
import { ScriptedBrokers } from '../../client/scripted-brokers.ts'
import { MemoryStreams } from '../data/memory-streams.ts'

interface Replicas {
  readonly leaderId: number
  readonly replicaNodes?: number[]
  readonly offlineReplicas?: number[]
  readonly isrNodes?: number[]
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

describe('a whole cluster', () => {
  const node = (nodeId: number, isFenced = false) => ({ nodeId, host: 'h', port: 9000 + nodeId, rack: null, isFenced })
  const three = [node(1), node(2), node(3)]
  const held = { leaderId: 1, replicaNodes: [1, 2, 3], isrNodes: [1, 2, 3] }
  const judged = (partition: object, facts: Partial<ClusterFacts> = {}) => {
    const { topics } = metadata(3, [held, { ...held, ...partition }])
    return judgeCluster({ nodes: three, controllerId: 1, topics, minIsr: new Map([['t', 2]]), ...facts })
  }

  test('is healthy when everything is led and in sync', () => {
    expect(judged({})).toMatchObject({ isHealthy: true, reason: 'healthy: 3 of 3 brokers, 2 partitions' })
  })

  test('is degraded by a broker that is fenced and a replica that is behind', () => {
    const nodes = [node(1), node(2), node(3, true)]
    expect(judged({ isrNodes: [1, 2] }, { nodes })).toMatchObject({
      isHealthy: true,
      reason: 'degraded: fenced: broker 3; 1 partition (t-1) under-replicated',
      fencedBrokers: [3],
    })
  })

  test('is unhealthy without a leader, under min.insync.replicas, and without a controller', () => {
    expect(judged({ leaderId: -1, isrNodes: [3] })).toMatchObject({ isHealthy: false, leaderlessCount: 1 })
    expect(judged({ isrNodes: [1] })).toMatchObject({
      isHealthy: false,
      reason: 'unhealthy: 1 partition (t-1) under min.insync.replicas; 1 partition (t-1) under-replicated',
    })
    expect(judged({}, { controllerId: -1 }).reason).toBe('unhealthy: no controller is active')
  })
})

test('a broker that is fenced is unhealthy, and is asked for the whole cluster where that is wanted', async () => {
  const brokers = await ScriptedBrokers.start(2)
  const fenced = brokers.node(2)
  brokers.told.splice(1, 1)
  brokers.scripts.set('DescribeCluster', () => ({
    clusterId: 'c',
    controllerId: 1,
    brokers: [brokers.node(1), fenced].map(({ nodeId, host, port }) => ({
      brokerId: nodeId,
      host,
      port,
      isFenced: nodeId === 2,
    })),
  }))
  const health = async (...words: string[]) => {
    const streams = new MemoryStreams()
    const code = await clusterHealth(parseHealthArguments(words)!, streams)
    return { code, text: streams.printed + streams.told }
  }
  expect(await health('-b', `127.0.0.1:${fenced.port}`)).toEqual({
    code: 1,
    text: 'unhealthy: broker 2 is fenced: the controller does not hear from it\n',
  })
  brokers.scripts.set('DescribeQuorum', () => ({ errorCode: 7 }))
  brokers.scripts.set('DescribeConfigs', () => ({
    results: [
      { errorCode: 0, resourceType: 2, resourceName: 't', configs: [{ name: 'min.insync.replicas', value: '1' }] },
    ],
  }))
  expect((await health('-b', `127.0.0.1:${brokers.port(1)}`, '--cluster')).text).toBe(
    'unhealthy: no controller is active; fenced: broker 2\n',
  )
  await brokers.dispose()
})
