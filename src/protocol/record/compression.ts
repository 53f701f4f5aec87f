/**
 * What the pure rooms know of compression: the ids in a batch's attributes, and codecs as an interface, because the
 * implementations (io/codecs) load native packages. Everything is synchronous: batches are at most a few megabytes.
 */
import { KafkaError } from '../errors.ts'

export const compressionTypes = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CompressionName = keyof typeof compressionTypes
/** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type CompressionType = (typeof compressionTypes)[CompressionName]

/** Bytes that one batch may become when it is opened. Kafka streams and has no such limit; a megabyte of zstd can be thirty gigabytes. */
export const decompressedSizeMax = 128 * 1024 * 1024

export interface Codecs {
  /** `level` as the topic configuration means it for that codec; the codec's default without it, none for snappy. */
  compress(type: CompressionType, bytes: Buffer, level?: number): Buffer
  /**
   * Throws CORRUPT_MESSAGE when `bytes` are not what `type` says, and MESSAGE_TOO_LARGE, without having taken the
   * memory, when more than `limitBytes` would come out.
   */
  decompress(type: CompressionType, bytes: Buffer, limitBytes: number): Buffer
}

/** For rooms that meet uncompressed batches only: any codec throws. */
export const noCodecs: Codecs = {
  compress: refuse,
  decompress: refuse,
}

export function isCompressionType(id: number): id is CompressionType {
  return id >= 0 && id <= compressionTypes.zstd
}

function refuse(type: CompressionType): never {
  throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', `No codec for compression type ${type}`)
}
