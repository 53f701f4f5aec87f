/**
 * DescribeConfigs (32). Reads the configuration of topics, brokers, loggers, groups and client metrics.
 *
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: request gains includeDocumentation; response gains configType, documentation.
 * Version 4: flexible.
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

export const describeConfigsResource = struct('DescribeConfigsResource', {
  resourceType: int8(),
  resourceName: string(),
  configurationKeys: arrayOf(string(), { nullableSince: 0 }),
})
export type DescribeConfigsResource = Infer<typeof describeConfigsResource>

export const describeConfigsRequest = request(
  {
    name: 'DescribeConfigsRequest',
    apiKey: 32,
    versions: [1, 4],
    flexibleSince: 4,
    listeners: ['broker', 'controller'],
  },
  {
    resources: arrayOf(describeConfigsResource),
    includeSynonyms: bool(),
    includeDocumentation: bool({ since: 3 }),
  },
)
export type DescribeConfigsRequest = Infer<typeof describeConfigsRequest>
export type DescribeConfigsRequestInput = InferInput<typeof describeConfigsRequest>

export const describeConfigsSynonym = struct('DescribeConfigsSynonym', {
  name: string(),
  value: string({ nullableSince: 0 }),
  source: int8(),
})
export type DescribeConfigsSynonym = Infer<typeof describeConfigsSynonym>

export const describeConfigsResourceResult = struct('DescribeConfigsResourceResult', {
  name: string(),
  value: string({ nullableSince: 0 }),
  readOnly: bool(),
  configSource: int8({ default: -1, ignorable: true }),
  isSensitive: bool(),
  synonyms: arrayOf(describeConfigsSynonym, { ignorable: true }),
  configType: int8({ since: 3, ignorable: true }),
  documentation: string({ since: 3, nullableSince: 0, ignorable: true }),
})
export type DescribeConfigsResourceResult = Infer<typeof describeConfigsResourceResult>

export const describeConfigsResult = struct('DescribeConfigsResult', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  resourceType: int8(),
  resourceName: string(),
  configs: arrayOf(describeConfigsResourceResult),
})
export type DescribeConfigsResult = Infer<typeof describeConfigsResult>

export const describeConfigsResponse = response(
  { name: 'DescribeConfigsResponse', apiKey: 32, versions: [1, 4], flexibleSince: 4 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(describeConfigsResult),
  },
)
export type DescribeConfigsResponse = Infer<typeof describeConfigsResponse>
export type DescribeConfigsResponseInput = InferInput<typeof describeConfigsResponse>
