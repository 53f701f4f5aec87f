/**
 * DescribeLogDirs (35). The log directories of a broker, with the size of each replica.
 *
 * Version 2: flexible.
 * Version 3: response gains errorCode; a top-level error instead of an empty answer.
 * Version 4: response gains totalBytes, usableBytes; total and usable bytes (KIP-827).
 * Version 5: response gains isCordoned.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const describableLogDirTopic = struct('DescribableLogDirTopic', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type DescribableLogDirTopic = Infer<typeof describableLogDirTopic>

export const describeLogDirsRequest = request(
  { name: 'DescribeLogDirsRequest', apiKey: 35, versions: [1, 5], flexibleSince: 2, listeners: ['broker'] },
  {
    topics: arrayOf(describableLogDirTopic, { nullableSince: 0 }),
  },
)
export type DescribeLogDirsRequest = Infer<typeof describeLogDirsRequest>
export type DescribeLogDirsRequestInput = InferInput<typeof describeLogDirsRequest>

export const describeLogDirsPartition = struct('DescribeLogDirsPartition', {
  partitionIndex: int32(),
  partitionSize: int64Number(),
  offsetLag: int64Number(),
  isFutureKey: bool(),
})
export type DescribeLogDirsPartition = Infer<typeof describeLogDirsPartition>

export const describeLogDirsTopic = struct('DescribeLogDirsTopic', {
  name: string(),
  partitions: arrayOf(describeLogDirsPartition),
})
export type DescribeLogDirsTopic = Infer<typeof describeLogDirsTopic>

export const describeLogDirsResult = struct('DescribeLogDirsResult', {
  errorCode: int16(),
  logDir: string(),
  topics: arrayOf(describeLogDirsTopic),
  totalBytes: int64Number({ since: 4, default: -1, ignorable: true }),
  usableBytes: int64Number({ since: 4, default: -1, ignorable: true }),
  isCordoned: bool({ since: 5, ignorable: true }),
})
export type DescribeLogDirsResult = Infer<typeof describeLogDirsResult>

export const describeLogDirsResponse = response(
  { name: 'DescribeLogDirsResponse', apiKey: 35, versions: [1, 5], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 3, ignorable: true }),
    results: arrayOf(describeLogDirsResult),
  },
)
export type DescribeLogDirsResponse = Infer<typeof describeLogDirsResponse>
export type DescribeLogDirsResponseInput = InferInput<typeof describeLogDirsResponse>
