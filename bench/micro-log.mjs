/** Append to and read from a log on this machine's disk, for the micro benchmarks. */
import { join } from 'node:path'
import { defaultLogConfig } from '../dist/config/log-config.js'
import { NodeClock } from '../dist/io/node-clock.js'
import { NodeFileSystem } from '../dist/io/node-file-system.js'
import { NodeRandom } from '../dist/io/node-random.js'
import { createLogEnvironment } from '../dist/log/log-environment.js'
import { PartitionLog } from '../dist/log/partition-log.js'
import { createBatch } from './encode.mjs'

const batches = [
  ['1 record of 100 B', 1, 100],
  ['15 records of 1 KB', 15, 1024],
  ['62 records of 1 KB', 62, 1024],
  ['950 records of 1 KB', 950, 1024],
]
const appendOptions = { leaderEpoch: 0, origin: 'client' }
/** Segments that retention may take at once, so that the disk does not fill. */
const config = {
  ...defaultLogConfig,
  segmentBytes: 64 * 1024 * 1024,
  retentionBytes: 64 * 1024 * 1024,
  fileDeleteDelayMs: 0,
}

async function openLog(directory, name) {
  const fileSystem = new NodeFileSystem()
  const environment = createLogEnvironment({ fileSystem, clock: new NodeClock(), random: new NodeRandom() })
  return await PartitionLog.open({
    directory: join(directory, `${name}-0`),
    topic: name,
    partition: 0,
    topicId: 'vPeOCWypqUOSepEvx0cbog',
    config,
    environment,
    logStartOffset: 0,
    recoveryPoint: 0,
    highWatermark: 0,
    hadCleanShutdown: true,
  })
}

export async function* logCases(directory) {
  for (const [title, count, size] of batches) {
    const batch = createBatch(count, size)
    for (const together of batch.length > 100_000 ? [1] : [1, 20]) {
      const log = await openLog(directory, `append-${count}-${together}`)
      const copies = Array.from({ length: together }, () => Buffer.from(batch))
      yield {
        name: `append, ${title}, ${together} a turn`,
        sizeInBytes: batch.length,
        operations: together,
        run: () => appendTogether(log, copies),
      }
      await log.close()
    }
  }
  yield* readCases(directory)
}

/** Buffers of an append that is written may be appended again. */
async function appendTogether(log, copies) {
  for (const copy of copies) log.append(copy, appendOptions)
  await log.whenWritten()
  log.updateHighWatermark(log.logEndOffset)
  if (log.segmentsCount > 2) await log.deleteOldSegments(Date.now())
}

async function* readCases(directory) {
  const log = await openLog(directory, 'read')
  const batch = createBatch(62, 1024)
  while (log.logEndOffset < 62 * 1000) {
    log.append(Buffer.from(batch), appendOptions)
    await log.whenWritten()
  }
  const endOffset = log.logEndOffset
  const options = { upToOffset: endOffset, minOneBatch: true }
  const into = Buffer.alloc(256 * 1024)
  yield {
    name: 'read the newest 64 KB, from memory',
    sizeInBytes: batch.length,
    run: () => log.read(endOffset - 62, 1024 * 1024, options).release(),
  }
  let at = 0
  yield {
    name: 'read 1 MB: where it is in the file',
    run: async () => {
      at = (at + 62 * 16) % (endOffset - 62 * 200)
      const result = await log.read(at, 1024 * 1024, options)
      result.release()
    },
  }
  yield {
    name: 'read 1 MB: its bytes from the page cache',
    sizeInBytes: 16 * batch.length,
    run: async () => {
      at = (at + 62 * 16) % (endOffset - 62 * 200)
      const result = await log.read(at, 16 * batch.length, options)
      for (const slice of result.slices)
        if (!Buffer.isBuffer(slice))
          for (let offset = 0; offset < slice.sizeInBytes; offset += into.length) await slice.read(into, offset)
      result.release()
    },
  }
  await log.close()
}
