/** The built project's protocol, for the benchmarks. Run `npm run build` first. */

import { NodeCodecs } from '../dist/io/codecs/node-codecs.js'
import { apis } from '../dist/protocol/api/index.js'
import { encodeRequest } from '../dist/protocol/frames.js'
import { buildBatch } from '../dist/protocol/record/batch-builder.js'

export { compressionTypes } from '../dist/protocol/record/compression.js'
export const codecs = new NodeCodecs()

/** A whole frame in one buffer. */
export function createRequest(apiKey, version, message) {
  const encoded = encodeRequest(apis.get(apiKey).request, version, 1, 'bench', message)
  return Buffer.concat(encoded.chunks)
}

/** A batch of `count` records of `size` bytes, half of which compress well. */
export function createBatch(count, size, fields = {}) {
  const records = Array.from({ length: count }, (_, index) => ({ value: createValue(size, index) }))
  return buildBatch({ timestamp: Date.now(), records, ...fields })
}

function createValue(size, seed) {
  const value = Buffer.alloc(size, 'ottla ')
  let state = seed * 2654435761 + 1
  for (let index = 0; index < size / 2; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    value[index] = state >>> 24
  }
  return value
}
