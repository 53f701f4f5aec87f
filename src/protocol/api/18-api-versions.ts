/**
 * ApiVersions (18). Which APIs and versions the listener serves, and the features of the cluster. The answer's
 * header is always version 0, and a version that the broker does not know is answered in version 0 with
 * UNSUPPORTED_VERSION.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: flexible; request gains clientSoftwareName, clientSoftwareVersion; response gains supportedFeatures,
 * finalizedFeaturesEpoch, finalizedFeatures, zkMigrationReady; the client names its software (KIP-511), the answer
 * its features (KIP-584).
 * Version 4: a supported feature may start at version 0 (KIP-1022).
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

export const apiVersionsRequest = request(
  { name: 'ApiVersionsRequest', apiKey: 18, versions: [0, 4], flexibleSince: 3, listeners: ['broker', 'controller'] },
  {
    clientSoftwareName: string({ since: 3, ignorable: true }),
    clientSoftwareVersion: string({ since: 3, ignorable: true }),
  },
)
export type ApiVersionsRequest = Infer<typeof apiVersionsRequest>
export type ApiVersionsRequestInput = InferInput<typeof apiVersionsRequest>

export const apiVersion = struct('ApiVersion', {
  apiKey: int16({ mapKey: true }),
  minVersion: int16(),
  maxVersion: int16(),
})
export type ApiVersion = Infer<typeof apiVersion>

export const supportedFeatureKey = struct('SupportedFeatureKey', {
  name: string({ since: 3, mapKey: true }),
  minVersion: int16({ since: 3 }),
  maxVersion: int16({ since: 3 }),
})
export type SupportedFeatureKey = Infer<typeof supportedFeatureKey>

export const finalizedFeatureKey = struct('FinalizedFeatureKey', {
  name: string({ since: 3, mapKey: true }),
  maxVersionLevel: int16({ since: 3 }),
  minVersionLevel: int16({ since: 3 }),
})
export type FinalizedFeatureKey = Infer<typeof finalizedFeatureKey>

export const apiVersionsResponse = response(
  { name: 'ApiVersionsResponse', apiKey: 18, versions: [0, 4], flexibleSince: 3 },
  {
    errorCode: int16(),
    apiKeys: arrayOf(apiVersion),
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    supportedFeatures: arrayOf(supportedFeatureKey, { since: 3, tag: 0, ignorable: true }),
    finalizedFeaturesEpoch: int64Number({ since: 3, tag: 1, default: -1, ignorable: true }),
    finalizedFeatures: arrayOf(finalizedFeatureKey, { since: 3, tag: 2, ignorable: true }),
    zkMigrationReady: bool({ since: 3, tag: 3, ignorable: true }),
  },
)
export type ApiVersionsResponse = Infer<typeof apiVersionsResponse>
export type ApiVersionsResponseInput = InferInput<typeof apiVersionsResponse>
