/**
 * gzip by node:zlib. It takes several members one after another; what trails the last one, which Java's reader ignores, is
 * corrupt here.
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
