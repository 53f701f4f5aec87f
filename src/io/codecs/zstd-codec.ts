/**
 * zstd by the best that is there: node:zlib (from Node 22.15), the native package @toondepauw/node-zstd, or the package
 * zstd-codec, WebAssembly that starts asynchronously. Frames with and without a content size, several one after another.
 */
import * as zlib from 'node:zlib'
import { type Codec, corrupt, decodeOrRefuse, tooLarge } from './codec.ts'
import { loadOptionalPackage, loadPackage } from './optional-package.ts'
import { zstdSizeMax } from './zstd-frames.ts'

/** What node:zlib has from Node 22.15 on. */
interface NodeZstd {
  zstdCompressSync(bytes: Buffer, options: { params: Record<number, number> }): Buffer
  zstdDecompressSync(bytes: Buffer, options: { maxOutputLength: number }): Buffer
}

interface NativePackage {
  Encoder: new (level: number) => { encodeSync(bytes: Buffer): Buffer }
  Decoder: new () => { decodeSync(bytes: Buffer): Buffer }
}

type OnOutput = (bytes: Uint8Array) => void

/** One stream of zstd-codec's binding. False means that it failed. */
interface PureStream {
  begin(level?: number): boolean
  transform(bytes: Buffer, onOutput: OnOutput): boolean
  end(onOutput: OnOutput): boolean
  delete(): void
}

interface PureBinding {
  ZstdCompressStreamBinding: new () => PureStream
  ZstdDecompressStreamBinding: new () => PureStream
  onRuntimeInitialized?: () => void
}

const defaultLevel = 3
const compressionLevelParameter = 100
/** Input that the pure decoder gets at a time: between two pieces its output is held against the limit. */
const pieceSize = 512

/** By node:zlib; undefined before Node 22.15. */
export function findNodeZstd(): Codec | undefined {
  const node = zlib as unknown as Partial<NodeZstd>
  const { zstdCompressSync, zstdDecompressSync } = node
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined
  return {
    compress: (bytes, level = defaultLevel) =>
      zstdCompressSync(bytes, { params: { [compressionLevelParameter]: level } }),
    decompress(bytes, limitBytes) {
      zstdSizeMax(bytes)
      if (bytes.length === 0) return bytes
      try {
        return zstdDecompressSync(bytes, { maxOutputLength: Math.max(limitBytes, 1) })
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limitBytes) : corrupt(`zstd: ${message}`)
      }
    },
  }
}

/** By the native package; undefined where it is not. It takes no limit: what might exceed it is refused by its frames. */
export function findNativeZstd(): Codec | undefined {
  const zstd = loadOptionalPackage<NativePackage>('@toondepauw/node-zstd')
  if (zstd === undefined) return undefined
  return {
    compress: (bytes, level = defaultLevel) => new zstd.Encoder(level).encodeSync(bytes),
    decompress(bytes, limitBytes) {
      const sizeMax = zstdSizeMax(bytes)
      // A full last block counts with up to 128 KB more than it has.
      if (sizeMax > limitBytes + 128 * 1024) throw tooLarge(limitBytes)
      const made = decodeOrRefuse('zstd', () => new zstd.Decoder().decodeSync(bytes))
      if (made.length > limitBytes) throw tooLarge(limitBytes)
      return made
    },
  }
}

/** By the package zstd-codec. */
export async function loadPureZstd(): Promise<Codec> {
  const start = loadPackage<(binding: object) => void>('zstd-codec/lib/zstd-codec-binding-wasm.js')
  const binding = await new Promise<PureBinding>((resolve) => {
    const module: Partial<PureBinding> = {}
    module.onRuntimeInitialized = () => resolve(module as PureBinding)
    start(module)
  })
  return new PureZstd(binding)
}

class PureZstd implements Codec {
  readonly #binding: PureBinding

  constructor(binding: PureBinding) {
    this.#binding = binding
  }

  compress(bytes: Buffer, level = defaultLevel): Buffer {
    const parts: Buffer[] = []
    const stream = new this.#binding.ZstdCompressStreamBinding()
    try {
      const onOutput: OnOutput = (part) => parts.push(Buffer.from(part))
      const isDone = stream.begin(level) && stream.transform(bytes, onOutput) && stream.end(onOutput)
      if (!isDone) throw new Error('zstd-codec does not compress')
    } finally {
      stream.delete()
    }
    return Buffer.concat(parts)
  }

  decompress(bytes: Buffer, limitBytes: number): Buffer {
    zstdSizeMax(bytes)
    const parts: Buffer[] = []
    let size = 0
    const onOutput: OnOutput = (part) => {
      size += part.length
      // Views of WebAssembly memory: copied, and no more of them than the limit.
      if (size <= limitBytes) parts.push(Buffer.from(part))
    }
    const stream = new this.#binding.ZstdDecompressStreamBinding()
    try {
      let isSound = stream.begin()
      for (let at = 0; isSound && at < bytes.length && size <= limitBytes; at += pieceSize) {
        isSound = stream.transform(bytes.subarray(at, at + pieceSize), onOutput)
      }
      isSound &&= size > limitBytes || stream.end(onOutput)
      if (size > limitBytes) throw tooLarge(limitBytes)
      if (!isSound) throw corrupt('zstd: corrupt frame')
    } finally {
      stream.delete()
    }
    return Buffer.concat(parts, size)
  }
}
