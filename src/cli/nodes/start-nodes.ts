/**
 * `ottla start --nodes 3`: a whole cluster on one machine for trying out, each node a process of its own that can be
 * killed and started again. This process starts them, shows what they say, and stops them when it is stopped itself; one
 * that ends on its own leaves the others running.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Logger } from '../../base/logger.ts'
import { parseProperties } from '../../config/properties.ts'
import { createLogger, type LogFormat, type LogLevel } from '../../io/pino-logger.ts'
import { loadNodeConfiguration } from '../node-configuration.ts'
import { OperatorError } from '../operator-error.ts'
import type { FormatStorage } from '../running-node.ts'
import { exitCodes, nextSignal, signalExitCodes } from '../start.ts'
import { type ClusterFiles, prepareClusterFiles } from './cluster-files.ts'

export interface StartNodesOptions {
  /** 1 to 9. */
  readonly nodes: number
  /** `key=value`; `log.dirs` is the cluster's folder, the first of `listeners` the first node's. */
  readonly override: readonly string[]
  readonly logFormat: LogFormat
  readonly logLevel?: LogLevel | undefined
}

const nodesMax = 9
const defaultDirectory = './ottla-cluster'
const defaultPort = 9092
const listenerPattern = /^PLAINTEXT:\/\/\[?([^\],]*?)\]?:(\d{1,5})$/

/** Resolves with the exit code when all nodes have ended. */
export async function startNodes(
  options: StartNodesOptions,
  loadFormatStorage: () => Promise<FormatStorage>,
): Promise<number> {
  const { nodes: nodesCount, logFormat, logLevel } = options
  if (!Number.isInteger(nodesCount) || nodesCount < 1 || nodesCount > nodesMax)
    throw new OperatorError(`--nodes ${nodesCount}: a number from 1 to ${nodesMax}`)
  const given = parseProperties(options.override.join('\n'))
  const { host, port } = firstListener(given.get('listeners'))
  const directory = given.get('log.dirs') ?? defaultDirectory
  const passedOn = options.override.filter((text) => !/^(log\.dirs|listeners)=/.test(text))
  const logger = await createLogger({ format: logFormat, level: logLevel ?? 'info' })
  const files = prepareClusterFiles({ directory, nodesCount, host, port })
  await formatNodes(files, loadFormatStorage, logger)
  process.stdout.on('error', () => {})
  const words = ['--log-format', logFormat, ...(logLevel === undefined ? [] : ['--log-level', logLevel])]
  const overrides = passedOn.flatMap((text) => ['--override', text])
  const nodes = files.nodes.map((node) => new NodeProcess(node, files.clusterId, [...words, ...overrides], logger))
  const signal = nextSignal(process)
  const ended = Promise.all(nodes.map((node) => node.ended))
  void announceWhenReady(nodes, files, directory, logger)
  const early = await Promise.race([signal, ended])
  if (typeof early !== 'string') {
    logger.error('all nodes have ended')
    return exitCodes.failed
  }
  logger.info(`stopping on ${early}; once more stops at once`)
  nextSignal(process).then((second) => {
    for (const node of nodes) node.signal('SIGKILL')
    process.exit(signalExitCodes[second])
  })
  for (const node of nodes) node.signal('SIGTERM')
  await ended
  logger.info('stopped')
  return exitCodes.stopped
}

/** Each new one gets its identity, and voters the quorum that they begin with. */
async function formatNodes(
  { nodes, clusterId, voters }: ClusterFiles,
  loadFormatStorage: () => Promise<FormatStorage>,
  logger: Logger,
): Promise<void> {
  const formatStorage = await loadFormatStorage()
  for (const { id, file } of nodes) {
    const { config } = loadNodeConfiguration({ config: file, override: [] }, (message) => logger.warn(message))
    const initialControllers = voters.some((voter) => voter.id === id) ? voters : 'none'
    await formatStorage({ config, logger, clusterId, ignoreFormatted: true, initialControllers })
  }
}

function firstListener(listeners: string | undefined): { host: string; port: number } {
  if (listeners === undefined) return { host: '', port: defaultPort }
  const match = listenerPattern.exec(listeners)
  if (match === null)
    throw new OperatorError(`listeners=${listeners}: with --nodes name one, the first node's, as in PLAINTEXT://:9092`)
  return { host: match[1]!, port: Number(match[2]) }
}

async function announceWhenReady(
  nodes: readonly NodeProcess[],
  files: ClusterFiles,
  directory: string,
  logger: Logger,
): Promise<void> {
  const areReady = await Promise.all(nodes.map((node) => node.ready))
  if (!areReady.every(Boolean)) return
  const bootstrapServers = files.nodes.map(({ address }) => address).join(',')
  logger.info(`the cluster of ${nodes.length} nodes is ready, data in ${directory}`, {
    bootstrapServers,
    clusterId: files.clusterId,
    pids: nodes.map(({ pid }) => pid).join(','),
  })
  logger.info(`try: ottla brokers -b ${bootstrapServers}`)
}

class NodeProcess {
  /** Resolves with true when it serves, with false when it ended before. */
  readonly ready: Promise<boolean>
  readonly ended: Promise<void>
  readonly #child: ChildProcess

  constructor(
    { id, file }: ClusterFiles['nodes'][number],
    clusterId: string,
    words: readonly string[],
    logger: Logger,
  ) {
    const child = spawn(process.execPath, [process.argv[1]!, 'start', file, ...words], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, CLUSTER_ID: clusterId },
      // A signal of the terminal comes to this process alone, which tells them once.
      detached: true,
    })
    this.#child = child
    show(child.stdout!, id, process.stdout)
    show(child.stderr!, id, process.stderr)
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        const how = signal === null ? `with exit code ${code}` : `on ${signal}`
        if (code !== 0) logger.warn(`node ${id} ended ${how}; start it again with: ottla start ${file}`, { node: id })
        resolve()
      })
      child.once('error', (error) => {
        logger.error(`node ${id} cannot be started: ${error.message}`)
        resolve()
      })
    })
    this.ready = new Promise((resolve) => {
      child.once('message', () => resolve(true))
      void this.ended.then(() => resolve(false))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(name)
  }
}

/** Each line with the number of its node. */
function show(from: Readable, id: number, to: NodeJS.WritableStream): void {
  createInterface({ input: from }).on('line', (line) => {
    to.write(line.startsWith('{') ? `{"node":${id},${line.slice(1)}\n` : `${id} | ${line}\n`)
  })
}
