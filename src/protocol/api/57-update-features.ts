/**
 * UpdateFeatures (57). Raises or lowers the finalized versions of features.
 *
 * Version 1: request gains upgradeType, validateOnly and loses allowDowngrade; dry runs and safe or unsafe
 * downgrades (KIP-584).
 * Version 2: response loses results; one error for the whole request, no result per feature.
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

export const featureUpdateKey = struct('FeatureUpdateKey', {
  feature: string({ mapKey: true }),
  maxVersionLevel: int16(),
  allowDowngrade: bool({ until: 0 }),
  upgradeType: int8({ since: 1, default: 1 }),
})
export type FeatureUpdateKey = Infer<typeof featureUpdateKey>

export const updateFeaturesRequest = request(
  {
    name: 'UpdateFeaturesRequest',
    apiKey: 57,
    versions: [0, 2],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: arrayOf(featureUpdateKey),
    validateOnly: bool({ since: 1 }),
  },
)
export type UpdateFeaturesRequest = Infer<typeof updateFeaturesRequest>
export type UpdateFeaturesRequestInput = InferInput<typeof updateFeaturesRequest>

export const updatableFeatureResult = struct('UpdatableFeatureResult', {
  feature: string({ mapKey: true }),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
})
export type UpdatableFeatureResult = Infer<typeof updatableFeatureResult>

export const updateFeaturesResponse = response(
  { name: 'UpdateFeaturesResponse', apiKey: 57, versions: [0, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    results: arrayOf(updatableFeatureResult, { until: 1, ignorable: true }),
  },
)
export type UpdateFeaturesResponse = Infer<typeof updateFeaturesResponse>
export type UpdateFeaturesResponseInput = InferInput<typeof updateFeaturesResponse>
