/** Checksums and codecs, native and pure, for the micro benchmarks. */
import { NodeCodecs } from '../dist/io/codecs/node-codecs.js'
import { findNativeZstd, findNodeZstd } from '../dist/io/codecs/zstd-codec.js'
import { findNativeCrc32c } from '../dist/io/crc32c.js'
import { compressionTypes, decompressedSizeMax } from '../dist/protocol/record/compression.js'
import { crc32c, installCrc32c } from '../dist/protocol/record/crc32c.js'
import { createBatch } from './encode.mjs'

const sizes = [
  ['100 B', 100],
  ['1 KB', 1024],
  ['16 KB', 16 * 1024],
  ['1 MB', 1024 * 1024],
]

/** Not before Node 22.15, unless an optional package is installed. */
const hasNativeZstd = (findNodeZstd() ?? findNativeZstd()) !== undefined

export function* crcCases() {
  for (const [kind, implementation] of [
    ['native', findNativeCrc32c()],
    ['pure', undefined],
  ]) {
    if (kind === 'native' && implementation === undefined) continue
    installCrc32c(implementation)
    for (const [title, size] of sizes) {
      const bytes = Buffer.alloc(size, 'ottla')
      yield { name: `CRC-32C, ${kind}, ${title}`, sizeInBytes: size, run: () => crc32c(bytes) }
    }
  }
  installCrc32c(findNativeCrc32c())
}

/** Sizes are those of the bytes that are not compressed. gzip is Node's own in both. */
export function* codecCases() {
  const bytes = createBatch(60, 1024)
  for (const prefersNative of [true, false]) {
    const codecs = new NodeCodecs({ prefersNative })
    for (const name of ['gzip', 'snappy', 'lz4', 'zstd']) {
      if (name === 'gzip' && !prefersNative) continue
      if (name === 'zstd' && prefersNative && !hasNativeZstd) continue
      const type = compressionTypes[name]
      const kind = prefersNative ? 'native' : 'pure'
      const compressed = codecs.compress(type, bytes)
      yield {
        name: `${name}, ${kind}, compress 60 KB`,
        sizeInBytes: bytes.length,
        run: () => codecs.compress(type, bytes),
      }
      yield {
        name: `${name}, ${kind}, decompress 60 KB`,
        sizeInBytes: bytes.length,
        run: () => codecs.decompress(type, compressed, decompressedSizeMax),
      }
    }
  }
}
