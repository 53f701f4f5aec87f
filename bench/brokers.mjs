/** The two brokers that are compared: how each is started, and what its process costs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const kafkaScript = join(root, 'test/interop/reference/kafka.sh')
/** Of /proc: one hundredth of a second on every Linux that Node runs on. */
const clockTicksPerSecond = 100

/** Below the range that outgoing connections use. */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

class BrokerUnderTest {
  #child
  port
  directory = mkdtempSync(join(tmpdir(), 'ottla-bench-'))

  /** Makes everything ready so that only the start itself is measured. */
  async prepare() {
    this.port = await freePort()
  }

  start() {
    const [command, ...words] = this.command()
    this.#child = spawn(command, words, { cwd: root, stdio: 'ignore' })
    this.#child.on('error', (error) => {
      throw error
    })
  }

  async kill() {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async dispose() {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** User and system time of the process since it began, in seconds. */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond
  }

  residentMegabytes() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))[1]) / 1024
  }
}

export class OttlaUnderTest extends BrokerUnderTest {
  name = 'ottla'

  command() {
    const settings = [
      `log.dirs=${join(this.directory, 'data')}`,
      `listeners=PLAINTEXT://127.0.0.1:${this.port}`,
      'offsets.topic.replication.factor=1',
    ]
    return [process.execPath, join(root, 'bin/ottla'), 'start', ...settings.flatMap((setting) => ['-o', setting])]
  }
}

export class KafkaUnderTest extends BrokerUnderTest {
  name = 'Apache Kafka 4.3.1'

  async prepare() {
    await super.prepare()
    const controllerPort = await freePort()
    writeFileSync(
      this.#properties,
      `node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:${this.port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${this.port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${join(this.directory, 'data')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`,
    )
    const format = spawn(kafkaScript, ['format', this.#properties], { stdio: 'ignore' })
    const [code] = await once(format, 'exit')
    if (code !== 0 || readdirSync(join(this.directory, 'data')).length === 0)
      throw new Error('Apache Kafka could not be formatted; run test/interop/install.sh first')
  }

  get #properties() {
    return join(this.directory, 'server.properties')
  }

  command() {
    return [kafkaScript, 'serve', this.#properties]
  }
}
