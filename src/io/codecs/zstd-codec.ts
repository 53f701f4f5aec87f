/**
 * zstd by the best that is there: node:zlib (from Node 22.15), the native package @toondepauw/node-zstd, or the package
 * zstd-codec, WebAssembly. Frames with and without a content size, several one after another.
 */
import fs from 'node:fs'
import * as zlib from 'node:zlib'
import { KafkaError } from '../../protocol/errors.ts'
import { type Codec, corrupt, decodeOrRefuse, tooLarge } from './codec.ts'
import { loadOptionalPackage, loadPackage, packagePath } from './optional-package.ts'
import { inspectZstd } from './zstd-frames.ts'

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

interface WebAssemblyInstance {
  readonly exports: object
}

/** Node's, which its type package leaves to the one of browsers. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Buffer) => object
  readonly Instance: new (module: object, imports: object) => WebAssemblyInstance
}

interface PureBinding {
  ZstdCompressStreamBinding: new () => PureStream
  ZstdDecompressStreamBinding: new () => PureStream
  onRuntimeInitialized?: () => void
  instantiateWasm?: (imports: object, onInstance: (instance: WebAssemblyInstance) => void) => object
}

const defaultLevel = 3
const compressionLevelParameter = 100
/** Input that the pure decoder gets at a time: between two pieces its output is held against the limit. */
const compressedPieceSize = 512
/** Input that the pure encoder gets at a time: it copies it into its own memory. */
const plainPieceSize = 64 * 1024
/** The pure one's memory is 16 MB and cannot grow; it never recovers from running out. Levels from 10 on need more ... */
const pureLevelMax = 9
/** ... and so do frames of levels above 19. */
const pureWindowSizeMax = 8 * 1024 * 1024

/** By node:zlib; undefined before Node 22.15. */
export function findNodeZstd(): Codec | undefined {
  const node = zlib as unknown as Partial<NodeZstd>
  const { zstdCompressSync, zstdDecompressSync } = node
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined
  return {
    compress: (bytes, level = defaultLevel) =>
      zstdCompressSync(bytes, { params: { [compressionLevelParameter]: level } }),
    decompress(bytes, limitBytes) {
      // It stops after the first frame: each gets a call.
      const parts: Buffer[] = []
      let size = 0
      for (const { start, end } of inspectZstd(bytes).frames) {
        const part = decompressFrame(zstdDecompressSync, bytes.subarray(start, end), limitBytes - size, limitBytes)
        parts.push(part)
        size += part.length
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)
    },
  }
}

function decompressFrame(
  decompress: NodeZstd['zstdDecompressSync'],
  frame: Buffer,
  roomBytes: number,
  limitBytes: number,
): Buffer {
  try {
    const made = decompress(frame, { maxOutputLength: Math.max(roomBytes, 1) })
    if (made.length > roomBytes) throw tooLarge(limitBytes)
    return made
  } catch (error) {
    if (error instanceof KafkaError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(limitBytes) : corrupt(`zstd: ${message}`)
  }
}

/** By the native package; undefined where it is not. It takes no limit: what might exceed it is refused by its frames. */
export function findNativeZstd(): Codec | undefined {
  const zstd = loadOptionalPackage<NativePackage>('@toondepauw/node-zstd')
  if (zstd === undefined) return undefined
  return {
    compress: (bytes, level = defaultLevel) => new zstd.Encoder(level).encodeSync(bytes),
    decompress(bytes, limitBytes) {
      const { sizeMax } = inspectZstd(bytes)
      // A full last block counts with up to 128 KB more than it has.
      if (sizeMax > limitBytes + 128 * 1024) throw tooLarge(limitBytes)
      const made = decodeOrRefuse('zstd', () => new zstd.Decoder().decodeSync(bytes))
      if (made.length > limitBytes) throw tooLarge(limitBytes)
      return made
    },
  }
}

/**
 * By the package zstd-codec. Levels above 9 are taken as 9, and windows above 8 MB, of levels above 19, are refused. Its
 * own start is asynchronous; compiled here, in 60 ms, the module starts at once, so that a broker that meets no zstd never
 * loads it and nobody has to wait for it beforehand.
 */
export function loadPureZstd(): Codec {
  const name = 'zstd-codec/lib/zstd-codec-binding-wasm.js'
  const start = loadPackage<(binding: object) => void>(name)
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly
  const module = new Module(readEmbeddedModule(name))
  let isReady = false
  const binding: Partial<PureBinding> = {
    instantiateWasm(imports, onInstance) {
      const instance = new Instance(module, imports)
      onInstance(instance)
      return instance.exports
    },
    onRuntimeInitialized() {
      isReady = true
    },
  }
  start(binding)
  if (!isReady) throw new Error('zstd-codec does not start')
  return new PureZstd(binding as PureBinding)
}

/** The package carries its WebAssembly as base64 within its JavaScript. */
function readEmbeddedModule(name: string): Buffer {
  const marker = 'data:application/octet-stream;base64,'
  const text = fs.readFileSync(packagePath(name), 'latin1')
  // The marker alone stands before it: `dataURIPrefix="data:..."`.
  const start = text.indexOf(`${marker}A`) + marker.length
  return Buffer.from(text.slice(start, text.indexOf('"', start)), 'base64')
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
      let isDone = stream.begin(Math.min(level, pureLevelMax))
      for (let at = 0; isDone && at < bytes.length; at += plainPieceSize) {
        isDone = stream.transform(bytes.subarray(at, at + plainPieceSize), onOutput)
      }
      if (!isDone || !stream.end(onOutput)) throw new Error('zstd-codec does not compress')
    } finally {
      stream.delete()
    }
    return Buffer.concat(parts)
  }

  decompress(bytes: Buffer, limitBytes: number): Buffer {
    if (inspectZstd(bytes).windowSizeMax > pureWindowSizeMax) throw tooLarge(limitBytes)
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
      for (let at = 0; isSound && at < bytes.length && size <= limitBytes; at += compressedPieceSize) {
        isSound = stream.transform(bytes.subarray(at, at + compressedPieceSize), onOutput)
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
