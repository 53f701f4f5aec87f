/**
 * gzip by node:zlib. Like Java's reader it takes several members one after another and ignores what trails the last one.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Codec, corrupt, tooLarge } from './codec.ts'

export const gzipCodec: Codec = {
  compress: (bytes, level) => gzipSync(bytes, { level: level ?? -1 }),
  decompress(bytes, limitBytes) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(limitBytes, 1) })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limitBytes) : corrupt(`gzip: ${message}`)
    }
  },
}
