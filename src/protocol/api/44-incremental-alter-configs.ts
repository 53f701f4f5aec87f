/**
 * IncrementalAlterConfigs (44). Sets, deletes, appends to or subtracts from single configuration keys.
 *
 * Version 1: flexible.
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

export const alterableConfig = struct('AlterableConfig', {
  name: string({ mapKey: true }),
  configOperation: int8({ mapKey: true }),
  value: string({ nullableSince: 0 }),
})
export type AlterableConfig = Infer<typeof alterableConfig>

export const alterConfigsResource = struct('AlterConfigsResource', {
  resourceType: int8({ mapKey: true }),
  resourceName: string({ mapKey: true }),
  configs: arrayOf(alterableConfig),
})
export type AlterConfigsResource = Infer<typeof alterConfigsResource>

export const incrementalAlterConfigsRequest = request(
  {
    name: 'IncrementalAlterConfigsRequest',
    apiKey: 44,
    versions: [0, 1],
    flexibleSince: 1,
    listeners: ['broker', 'controller'],
  },
  {
    resources: arrayOf(alterConfigsResource),
    validateOnly: bool(),
  },
)
export type IncrementalAlterConfigsRequest = Infer<typeof incrementalAlterConfigsRequest>
export type IncrementalAlterConfigsRequestInput = InferInput<typeof incrementalAlterConfigsRequest>

export const alterConfigsResourceResponse = struct('AlterConfigsResourceResponse', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  resourceType: int8(),
  resourceName: string(),
})
export type AlterConfigsResourceResponse = Infer<typeof alterConfigsResourceResponse>

export const incrementalAlterConfigsResponse = response(
  { name: 'IncrementalAlterConfigsResponse', apiKey: 44, versions: [0, 1], flexibleSince: 1 },
  {
    throttleTimeMs: int32(),
    responses: arrayOf(alterConfigsResourceResponse),
  },
)
export type IncrementalAlterConfigsResponse = Infer<typeof incrementalAlterConfigsResponse>
export type IncrementalAlterConfigsResponseInput = InferInput<typeof incrementalAlterConfigsResponse>
