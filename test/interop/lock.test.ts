/** A data directory has one process: another is refused in one line, and who was killed is not in the way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokerProcess, freePort, isListening, program, repositoryRoot } from './support/broker-process.ts'

const controllerListener = (port: number) => [
  'controller.listener.names=CONTROLLER',
  `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}`,
]
let broker: BrokerProcess

beforeEach(async () => {
  broker = await BrokerProcess.start(controllerListener((await freePort()) & ~1))
})

afterEach(async () => {
  await broker.dispose()
})

/** Apache Kafka on the directory of the broker, with ports of its own. */
async function kafkaOn(directory: string) {
  const port = (await freePort()) & ~1
  const properties = join(directory, 'kafka.properties')
  writeFileSync(
    properties,
    `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${port + 1}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${directory}
`,
  )
  const env = { ...process.env, KAFKA_HEAP_OPTS: '-Xmx256M' }
  const child = spawn(join(repositoryRoot, 'test/interop/reference/kafka.sh'), ['serve', properties], { env })
  return { child, port, ended: once(child, 'exit') }
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
  if (hasNativeLocks()) expect((await (await kafkaOn(broker.directory)).ended)[0]).toBe(1)
  expect(await broker.stop()).toBe(0)
  const kafka = await kafkaOn(broker.directory)
  try {
    await expect.poll(() => isListening(kafka.port), { timeout: 60_000, interval: 200 }).toBe(true)
    await expect(broker.restart()).rejects.toThrow('.lock is locked by another process')
  } finally {
    kafka.child.kill('SIGKILL')
  }
  await kafka.ended
  await broker.restart()
})
