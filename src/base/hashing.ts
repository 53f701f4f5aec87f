/** Hash functions of the SCRAM mechanisms (RFC 5802, RFC 7677). io/node-hashing.ts is the real one. */
export type HashAlgorithm = 'sha256' | 'sha512'

export interface Hashing {
  hash(algorithm: HashAlgorithm, bytes: Buffer): Buffer
  hmac(algorithm: HashAlgorithm, key: Buffer, bytes: Buffer): Buffer
}
