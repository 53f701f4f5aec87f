/**
 * DescribeClientQuotas (48). Reads client quotas by user, client id and address.
 *
 * Version 1: flexible.
 */
import {
  arrayOf,
  bool,
  float64,
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

export const componentData = struct('ComponentData', {
  entityType: string(),
  matchType: int8(),
  match: string({ nullableSince: 0 }),
})
export type ComponentData = Infer<typeof componentData>

export const describeClientQuotasRequest = request(
  { name: 'DescribeClientQuotasRequest', apiKey: 48, versions: [0, 1], flexibleSince: 1, listeners: ['broker'] },
  {
    components: arrayOf(componentData),
    strict: bool(),
  },
)
export type DescribeClientQuotasRequest = Infer<typeof describeClientQuotasRequest>
export type DescribeClientQuotasRequestInput = InferInput<typeof describeClientQuotasRequest>

export const entityData = struct('EntityData', {
  entityType: string(),
  entityName: string({ nullableSince: 0 }),
})
export type EntityData = Infer<typeof entityData>

export const valueData = struct('ValueData', {
  key: string(),
  value: float64(),
})
export type ValueData = Infer<typeof valueData>

export const entryData = struct('EntryData', {
  entity: arrayOf(entityData),
  values: arrayOf(valueData),
})
export type EntryData = Infer<typeof entryData>

export const describeClientQuotasResponse = response(
  { name: 'DescribeClientQuotasResponse', apiKey: 48, versions: [0, 1], flexibleSince: 1 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    entries: arrayOf(entryData, { nullableSince: 0 }),
  },
)
export type DescribeClientQuotasResponse = Infer<typeof describeClientQuotasResponse>
export type DescribeClientQuotasResponseInput = InferInput<typeof describeClientQuotasResponse>
