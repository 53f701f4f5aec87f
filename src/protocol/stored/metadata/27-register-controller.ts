/**
 * RegisterControllerRecord (27). A controller has registered: incarnation, endpoints, features.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  metadataRecord,
  string,
  struct,
  uint16,
  uuid,
} from '../../schema.ts'

export const controllerEndpoint = struct('ControllerEndpoint', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
  securityProtocol: int16(),
})
export type ControllerEndpoint = Infer<typeof controllerEndpoint>

export const controllerFeature = struct('ControllerFeature', {
  name: string({ mapKey: true }),
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
})
export type ControllerFeature = Infer<typeof controllerFeature>

export const registerControllerRecord = metadataRecord(
  { name: 'RegisterControllerRecord', apiKey: 27, versions: [0, 0], flexibleSince: 0 },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: arrayOf(controllerEndpoint),
    features: arrayOf(controllerFeature),
  },
)
export type RegisterControllerRecord = Infer<typeof registerControllerRecord>
export type RegisterControllerRecordInput = InferInput<typeof registerControllerRecord>
