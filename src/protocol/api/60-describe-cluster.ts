/**
 * DescribeCluster (60). Id of the cluster, brokers or controllers and the controller.
 *
 * Version 1: request gains endpointType; response gains endpointType; controllers too (KIP-919).
 * Version 2: request gains includeFencedBrokers; response gains isFenced; fenced brokers too (KIP-1073).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const describeClusterRequest = request(
  {
    name: 'DescribeClusterRequest',
    apiKey: 60,
    versions: [0, 2],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  },
)
export type DescribeClusterRequest = Infer<typeof describeClusterRequest>
export type DescribeClusterRequestInput = InferInput<typeof describeClusterRequest>

export const describeClusterBroker = struct('DescribeClusterBroker', {
  brokerId: int32({ mapKey: true }),
  host: string(),
  port: int32(),
  rack: string({ nullableSince: 0, default: null }),
  isFenced: bool({ since: 2 }),
})
export type DescribeClusterBroker = Infer<typeof describeClusterBroker>

export const describeClusterResponse = response(
  { name: 'DescribeClusterResponse', apiKey: 60, versions: [0, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: arrayOf(describeClusterBroker),
    clusterAuthorizedOperations: int32({ default: -(2 ** 31) }),
  },
)
export type DescribeClusterResponse = Infer<typeof describeClusterResponse>
export type DescribeClusterResponseInput = InferInput<typeof describeClusterResponse>
