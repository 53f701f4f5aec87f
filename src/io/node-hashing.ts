/** Hash functions of Node's crypto for the controller. */
import { createHash, createHmac } from 'node:crypto'
import type { Hashing } from '../base/hashing.ts'

export const nodeHashing: Hashing = {
  hash: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
  hmac: (algorithm, key, bytes) => createHmac(algorithm, key).update(bytes).digest(),
}
