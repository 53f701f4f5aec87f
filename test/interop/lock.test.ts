/** A data directory has one process: another is refused in one line, and who was killed is not in the way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokerProcess, program } from './support/broker-process.ts'
import { KafkaOnDirectory } from './support/kafka-on-directory.ts'
import { KafkaProcess } from './support/kafka-process.ts'
import { freePort } from './support/ports.ts'

let broker: BrokerProcess

beforeEach(async () => {
  broker = await BrokerProcess.start([
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${await freePort()},CONTROLLER://127.0.0.1:${await freePort()}`,
  ])
})

afterEach(async () => {
  await broker.dispose()
})

/**
 * The exit code of Apache Kafka as a controller on a directory that is taken. A process that is a broker too would open the
 * metadata log, lead its quorum and write before it looks at the lock, whoever runs there: another Apache Kafka as well.
 */
async function kafkaControllerOn(directory: string): Promise<number | null> {
  const port = await freePort()
  const properties = join(directory, 'kafka.properties')
  const settings = [
    'process.roles=controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    `listeners=CONTROLLER://127.0.0.1:${port}`,
    `log.dirs=${directory}`,
  ]
  writeFileSync(properties, `${settings.join('\n')}\n`)
  return await new KafkaProcess('serve', properties, '-Xmx256M').ended()
}

/** Whether the kernel has an open file description lock on the directory's `.lock`: it excludes Java's locks too. */
function isLockedInKernel(directory: string): boolean {
  const { ino } = statSync(join(directory, '.lock'))
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes('OFDLCK') && line.includes(`:${ino} `))
}

function hasNativeLocks(): boolean {
  try {
    createRequire(program).resolve('fs-native-extensions')
    return true
  } catch {
    return false
  }
}

test('a second process is refused in one line', async () => {
  const second = spawn(process.execPath, [program, 'start', '-o', `log.dirs=${broker.directory}`])
  let output = ''
  for (const stream of [second.stdout, second.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [code] = await once(second, 'close')
  expect(code).toBe(1)
  expect(output.trim().split('\n')).toEqual([`ottla: ${broker.directory}/.lock is locked by another process`])
})

test('a start while the killed one is still being taken apart', async () => {
  for (let round = 0; round < 5; round++) {
    broker.killWithoutWaiting()
    await broker.restart()
  }
  expect(await broker.stop()).toBe(0)
})

test('Apache Kafka is refused a directory of ottla, and ottla one of Apache Kafka', async () => {
  expect(isLockedInKernel(broker.directory)).toBe(hasNativeLocks())
  // Without the optional package only a lock file tells that ottla is there, which Apache Kafka does not read.
  if (hasNativeLocks()) expect(await kafkaControllerOn(broker.directory)).toBe(1)
  expect(await broker.stop()).toBe(0)
  const kafka = await KafkaOnDirectory.start(broker)
  try {
    await expect(broker.restart()).rejects.toThrow('.lock is locked by another process')
  } finally {
    await kafka.kill()
  }
  await broker.restart()
})
