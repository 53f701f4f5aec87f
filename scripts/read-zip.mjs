/**
 * Reads the files of a zip archive, such as a jar, that a filter wants. Stored and deflated entries, no zip64: enough
 * for Kafka's jars, whose message specifications check-protocol.mjs takes out.
 *
 *   end of central directory  | 50 4b 05 06 | ... | entries at +10 | directory offset at +16 |
 *   directory entry, 46 bytes | method +10 | packed size +20 | name size +28 | extra +30 | comment +32 | offset +42 |
 *   local header, 30 bytes    | name size +26 | extra +28 | then the data
 */
import { inflateRawSync } from 'node:zlib'

const endSignature = Buffer.from([0x50, 0x4b, 0x05, 0x06])

/** Yields [name, contents] of the entries whose name `isWanted`. */
export function* readZip(archive, isWanted) {
  const end = archive.lastIndexOf(endSignature)
  if (end < 0) throw new Error('not a zip archive')
  const entryCount = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  for (let index = 0; index < entryCount; index++) {
    const method = archive.readUInt16LE(at + 10)
    const packedSize = archive.readUInt32LE(at + 20)
    const nameSize = archive.readUInt16LE(at + 28)
    const name = archive.toString('utf8', at + 46, at + 46 + nameSize)
    const local = archive.readUInt32LE(at + 42)
    at += 46 + nameSize + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
    if (!isWanted(name)) continue
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const packed = archive.subarray(start, start + packedSize)
    yield [name, method === 0 ? packed : inflateRawSync(packed)]
  }
}
