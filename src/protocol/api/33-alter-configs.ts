/**
 * AlterConfigs (33). Replaces the whole dynamic configuration of a resource. IncrementalAlterConfigs has taken its
 * place.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: flexible.
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
  value: string({ nullableSince: 0 }),
})
export type AlterableConfig = Infer<typeof alterableConfig>

export const alterConfigsResource = struct('AlterConfigsResource', {
  resourceType: int8({ mapKey: true }),
  resourceName: string({ mapKey: true }),
  configs: arrayOf(alterableConfig),
})
export type AlterConfigsResource = Infer<typeof alterConfigsResource>

export const alterConfigsRequest = request(
  { name: 'AlterConfigsRequest', apiKey: 33, versions: [0, 2], flexibleSince: 2, listeners: ['broker', 'controller'] },
  {
    resources: arrayOf(alterConfigsResource),
    validateOnly: bool(),
  },
)
export type AlterConfigsRequest = Infer<typeof alterConfigsRequest>
export type AlterConfigsRequestInput = InferInput<typeof alterConfigsRequest>

export const alterConfigsResourceResponse = struct('AlterConfigsResourceResponse', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  resourceType: int8(),
  resourceName: string(),
})
export type AlterConfigsResourceResponse = Infer<typeof alterConfigsResourceResponse>

export const alterConfigsResponse = response(
  { name: 'AlterConfigsResponse', apiKey: 33, versions: [0, 2], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    responses: arrayOf(alterConfigsResourceResponse),
  },
)
export type AlterConfigsResponse = Infer<typeof alterConfigsResponse>
export type AlterConfigsResponseInput = InferInput<typeof alterConfigsResponse>
