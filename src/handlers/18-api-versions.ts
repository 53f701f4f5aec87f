/**
 * ApiVersions (18)
 *
 * *Behavior.* The APIs that this listener serves with their versions, as handlers/index.ts registers them, and the features
 * that this broker supports and the cluster has finalized. A client's software name and version must look like Kafka's
 * pattern, else INVALID_REQUEST; they are noted for logs and metrics. An unknown version of this API never gets here: the
 * dispatcher answers it with `unsupportedApiVersions`, in version 0.
 *
 * *Version notes.* 3 brings the client's software and the features. 4 may show a feature that starts at version 0; before,
 * clients would stumble over it (KAFKA-17011), so it is left out.
 */
import { supportedFeatures } from '../metadata/metadata-version.ts'
import type { ApiVersion, ApiVersionsRequest, ApiVersionsResponse } from '../protocol/api/18-api-versions.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

const softwareVersion = 3
const zeroFeatureVersion = 4
/** Kafka's pattern for both name and version: letters and digits, with dots and dashes within. */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** Which APIs the listener of a connection serves. */
export type ServedApis = (broker: NodeServices, listenerName: string) => readonly ApiVersion[]

export function apiVersionsHandler(servedApis: ServedApis) {
  return function handleApiVersions(
    broker: NodeServices,
    request: ApiVersionsRequest,
    context: RequestContext,
  ): ApiVersionsResponse {
    const { connection, apiVersion } = context
    if (apiVersion >= softwareVersion) {
      const { clientSoftwareName, clientSoftwareVersion } = request
      if (!softwarePattern.test(clientSoftwareName) || !softwarePattern.test(clientSoftwareVersion)) {
        return answerOf(errorCodes.INVALID_REQUEST, [])
      }
      connection.clientSoftwareName = clientSoftwareName
      connection.clientSoftwareVersion = clientSoftwareVersion
    }
    const answer = answerOf(0, [...servedApis(broker, connection.listenerName)])
    addFeatures(broker, answer, apiVersion)
    return answer
  }
}

/** What a version of ApiVersions that is not known is answered with, in version 0: it names the versions that are. */
export function unsupportedApiVersions(self: ApiVersion): ApiVersionsResponse {
  return answerOf(errorCodes.UNSUPPORTED_VERSION, [self])
}

function addFeatures(broker: NodeServices, answer: ApiVersionsResponse, version: number): void {
  const { image, kraftVersion } = broker
  for (const [name, { min, max }] of supportedFeatures) {
    if (min > 0 || version >= zeroFeatureVersion) {
      answer.supportedFeatures.push({ name, minVersion: min, maxVersion: max })
    }
  }
  if (!image.isBootstrapped) return
  answer.finalizedFeaturesEpoch = image.nextOffset - 1
  const finalized = new Map(image.features)
  if (kraftVersion > 0) finalized.set('kraft.version', kraftVersion)
  for (const [name, level] of finalized) {
    answer.finalizedFeatures.push({ name, maxVersionLevel: level, minVersionLevel: level })
  }
}

function answerOf(errorCode: ErrorCode, apiKeys: ApiVersion[]): ApiVersionsResponse {
  return {
    errorCode,
    apiKeys,
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}
