/**
 * The codecs of a real broker: each loads when it is first used, native where a binary exists, else pure. Calls are
 * synchronous, and so is loading.
 */
import type { Codecs, CompressionType } from '../../protocol/record/compression.ts'
import type { Codec } from './codec.ts'
import { gzipCodec } from './gzip-codec.ts'
import { findNativeLz4, loadPureLz4 } from './lz4-codec.ts'
import { findNativeSnappy, loadPureSnappy } from './snappy-codec.ts'
import { findNativeZstd, findNodeZstd, loadPureZstd } from './zstd-codec.ts'

export class NodeCodecs implements Codecs {
  readonly #prefersNative: boolean
  #snappy: Codec | undefined
  #lz4: Codec | undefined
  #zstd: Codec | undefined

  /** `prefersNative: false` is for tests of the pure ones. */
  constructor(options: { readonly prefersNative?: boolean } = {}) {
    this.#prefersNative = options.prefersNative ?? true
  }

  compress(type: CompressionType, bytes: Buffer, level?: number): Buffer {
    return type === 0 ? bytes : this.#codec(type).compress(bytes, level)
  }

  decompress(type: CompressionType, bytes: Buffer, limitBytes: number): Buffer {
    return type === 0 ? bytes : this.#codec(type).decompress(bytes, limitBytes)
  }

  #codec(type: Exclude<CompressionType, 0>): Codec {
    switch (type) {
      case 1:
        return gzipCodec
      case 2:
        this.#snappy ??= (this.#prefersNative ? findNativeSnappy() : undefined) ?? loadPureSnappy()
        return this.#snappy
      case 3:
        this.#lz4 ??= (this.#prefersNative ? findNativeLz4() : undefined) ?? loadPureLz4()
        return this.#lz4
      case 4:
        this.#zstd ??= (this.#prefersNative ? (findNodeZstd() ?? findNativeZstd()) : undefined) ?? loadPureZstd()
        return this.#zstd
    }
  }
}
