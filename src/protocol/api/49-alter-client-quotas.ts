/**
 * AlterClientQuotas (49). Changes client quotas.
 *
 * Version 1: flexible.
 */
import {
  arrayOf,
  bool,
  float64,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const alterClientQuotasRequestEntityData = struct('EntityData', {
  entityType: string(),
  entityName: string({ nullableSince: 0 }),
})
export type AlterClientQuotasRequestEntityData = Infer<typeof alterClientQuotasRequestEntityData>

export const opData = struct('OpData', {
  key: string(),
  value: float64(),
  remove: bool(),
})
export type OpData = Infer<typeof opData>

export const alterClientQuotasRequestEntryData = struct('EntryData', {
  entity: arrayOf(alterClientQuotasRequestEntityData),
  ops: arrayOf(opData),
})
export type AlterClientQuotasRequestEntryData = Infer<typeof alterClientQuotasRequestEntryData>

export const alterClientQuotasRequest = request(
  {
    name: 'AlterClientQuotasRequest',
    apiKey: 49,
    versions: [0, 1],
    flexibleSince: 1,
    listeners: ['broker', 'controller'],
  },
  {
    entries: arrayOf(alterClientQuotasRequestEntryData),
    validateOnly: bool(),
  },
)
export type AlterClientQuotasRequest = Infer<typeof alterClientQuotasRequest>
export type AlterClientQuotasRequestInput = InferInput<typeof alterClientQuotasRequest>

export const alterClientQuotasResponseEntityData = struct('EntityData', {
  entityType: string(),
  entityName: string({ nullableSince: 0 }),
})
export type AlterClientQuotasResponseEntityData = Infer<typeof alterClientQuotasResponseEntityData>

export const alterClientQuotasResponseEntryData = struct('EntryData', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  entity: arrayOf(alterClientQuotasResponseEntityData),
})
export type AlterClientQuotasResponseEntryData = Infer<typeof alterClientQuotasResponseEntryData>

export const alterClientQuotasResponse = response(
  { name: 'AlterClientQuotasResponse', apiKey: 49, versions: [0, 1], flexibleSince: 1 },
  {
    throttleTimeMs: int32(),
    entries: arrayOf(alterClientQuotasResponseEntryData),
  },
)
export type AlterClientQuotasResponse = Infer<typeof alterClientQuotasResponse>
export type AlterClientQuotasResponseInput = InferInput<typeof alterClientQuotasResponse>
