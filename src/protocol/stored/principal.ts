/**
 * The principal of a forwarded request, inside Envelope, behind an int16 version.
 */
import { bool, data, type Infer, type InferInput, string } from '../schema.ts'

export const defaultPrincipalData = data(
  { name: 'DefaultPrincipalData', versions: [0, 0], flexibleSince: 0 },
  {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
)
export type DefaultPrincipalData = Infer<typeof defaultPrincipalData>
export type DefaultPrincipalDataInput = InferInput<typeof defaultPrincipalData>
