/**
 * ListConfigResources (74). Lists configuration resources: client metrics in version 0 (it was
 * ListClientMetricsResources), other types from version 1 (KIP-1142).
 *
 * Version 1: request gains resourceTypes; response gains resourceType.
 */
import {
  arrayOf,
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

export const listConfigResourcesRequest = request(
  { name: 'ListConfigResourcesRequest', apiKey: 74, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    resourceTypes: arrayOf(int8(), { since: 1 }),
  },
)
export type ListConfigResourcesRequest = Infer<typeof listConfigResourcesRequest>
export type ListConfigResourcesRequestInput = InferInput<typeof listConfigResourcesRequest>

export const configResource = struct('ConfigResource', {
  resourceName: string(),
  resourceType: int8({ since: 1, default: 16, ignorable: true }),
})
export type ConfigResource = Infer<typeof configResource>

export const listConfigResourcesResponse = response(
  { name: 'ListConfigResourcesResponse', apiKey: 74, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: arrayOf(configResource),
  },
)
export type ListConfigResourcesResponse = Infer<typeof listConfigResourcesResponse>
export type ListConfigResourcesResponseInput = InferInput<typeof listConfigResourcesResponse>
