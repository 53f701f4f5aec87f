/**
 * The raft network over connections: one to each replica, opened when there is something to say and kept, and one to each
 * bootstrap server, whose id is not known (so that the leader's connection never serves both). The driver sends through it.
 *
 * A connection that breaks is opened anew at once: when that is refused the process at the other end is gone, and
 * `onPeerGone` hears it. That is a hint for the driver, no verdict: leader-gone.ts says what it may decide. While nobody
 * can be reached the attempts become rarer, and what is sent in between fails at once.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ConnectOptions, Network } from '../../base/network.ts'
import type { RaftRequest, RaftResponse } from '../../raft/messages.ts'
import type { Destination } from '../../raft/raft-io.ts'
import type { KraftVersions, RaftNetwork } from '../../raft/raft-network.ts'
import { encodeRaftRequest, raftApis } from '../../raft/raft-rpc-requests.ts'
import { decodeRaftResponse } from '../../raft/raft-rpc-responses.ts'
import type { Endpoint } from '../../raft/voter-set.ts'
import { PeerConnection, PeerError } from '../peer-connection.ts'

export interface RaftPeersOptions {
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
  readonly nodeId: number
  /** controller.quorum.request.timeout.ms: for connecting, and for an answer. */
  readonly requestTimeoutMs: number
  /** How long a leader may hold a fetch; its answer may take that much longer. */
  readonly fetchWaitMs: number
  /** The process of a replica that had a connection is gone, by all that can be seen from here. */
  readonly onPeerGone: (id: number) => void
}

/** Who leads is told by answers: a liar must not make this node keep connections without end. */
const peersMax = 200
const firstBackoffMs = 20
const backoffMsMax = 200

export class RaftPeers implements RaftNetwork {
  readonly #options: RaftPeersOptions
  readonly #peers = new Map<number, RaftPeer>()
  #isClosed = false

  constructor(options: RaftPeersOptions) {
    this.#options = options
  }

  send(to: Destination, request: RaftRequest, onAnswer: (response: RaftResponse | undefined) => void): void {
    const asked = this.#isClosed ? Promise.resolve(undefined) : this.#peerOf(to).ask(request)
    void asked.then(onAnswer)
  }

  probe(endpoint: Endpoint, onAnswer: (supported: KraftVersions | undefined) => void): void {
    void this.#probe(endpoint).then(onAnswer)
  }

  /** Closes all connections; whoever waits hears that there will be no answer. */
  close(): void {
    this.#isClosed = true
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
  }

  #peerOf({ id, endpoint }: Destination): RaftPeer {
    let peer = this.#peers.get(id)
    if (peer !== undefined && !peer.isAt(endpoint)) {
      peer.close()
      peer = undefined
    }
    // The one that was used last stands last.
    this.#peers.delete(id)
    peer ??= new RaftPeer(this.#options, id, endpoint)
    this.#peers.set(id, peer)
    if (this.#peers.size > peersMax) this.#closeOldest()
    return peer
  }

  #closeOldest(): void {
    const [id, peer] = this.#peers.entries().next().value!
    this.#peers.delete(id)
    peer.close()
  }

  async #probe(endpoint: Endpoint): Promise<KraftVersions | undefined> {
    try {
      const connection = await PeerConnection.open(connectionOptions(this.#options, endpoint))
      connection.close()
      const range = connection.features.get('kraft.version')
      return { kraftVersionMin: range?.minVersion ?? 0, kraftVersionMax: range?.maxVersion ?? 0 }
    } catch (error) {
      this.#options.logger.info('a new voter cannot be reached', { error: (error as Error).message })
      return undefined
    }
  }
}

function connectionOptions({ network, clock, nodeId, requestTimeoutMs }: RaftPeersOptions, endpoint: ConnectOptions) {
  const clientId = `raft-client-${nodeId}`
  return { network, clock, endpoint, clientId, timeoutMs: requestTimeoutMs, isNegotiated: true }
}

/** One destination: its connection, if there is one, and what is known of attempts to get one. */
class RaftPeer {
  readonly #options: RaftPeersOptions
  readonly #id: number
  readonly #endpoint: ConnectOptions
  #connection: Promise<PeerConnection> | undefined
  #hasAnswered = false
  #failuresCount = 0
  #notBeforeMs = 0
  #isClosed = false

  constructor(options: RaftPeersOptions, id: number, { host, port }: Endpoint) {
    this.#options = options
    this.#id = id
    this.#endpoint = { host, port }
  }

  isAt({ host, port }: Endpoint): boolean {
    return this.#endpoint.host === host && this.#endpoint.port === port
  }

  /** Never rejects: undefined says that there is no answer. */
  async ask(request: RaftRequest): Promise<RaftResponse | undefined> {
    try {
      const connection = await this.#connect()
      if (connection === undefined) return undefined
      const { apiKey, version: newest } = raftApis[request.kind]
      const version = Math.min(newest, connection.versionOf(apiKey) ?? newest)
      if (request.kind === 'vote' && request.isPreVote && version < preVoteVersion) return unaskable(request.epoch)
      const message = encodeRaftRequest(request, version)
      const waitMs = request.kind === 'fetch' ? this.#options.fetchWaitMs : 0
      const answer = await connection.ask(apiKey, message, { version, waitMs })
      this.#hasAnswered = true
      return decodeRaftResponse(request.kind, answer)
    } catch (error) {
      const { message } = error as Error
      this.#options.logger.debug('a raft request failed', { peer: this.#id, request: request.kind, error: message })
      return undefined
    }
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.then(
      (connection) => connection.close(),
      () => undefined,
    )
  }

  /** The open connection, or a new one; undefined while it is too early to try again. Rejects with PeerError. */
  #connect(): Promise<PeerConnection> | undefined {
    if (this.#connection !== undefined) return this.#connection
    if (this.#isClosed || this.#options.clock.monotonic() < this.#notBeforeMs) return undefined
    const opening = this.#open()
    this.#connection = opening
    return opening
  }

  async #open(): Promise<PeerConnection> {
    try {
      const connection = await PeerConnection.open(connectionOptions(this.#options, this.#endpoint))
      this.#failuresCount = 0
      this.#hasAnswered = false
      connection.onClosed((error) => this.#onClosed(error))
      if (this.#isClosed) connection.close()
      return connection
    } catch (error) {
      this.#connection = undefined
      this.#onUnreachable(error as Error)
      throw error
    }
  }

  #onUnreachable(error: Error): void {
    const { clock, logger, onPeerGone } = this.#options
    this.#notBeforeMs =
      clock.monotonic() + Math.min(backoffMsMax, firstBackoffMs * 2 ** Math.min(this.#failuresCount, 10))
    this.#failuresCount++
    if (this.#failuresCount === 1) logger.info('a controller is not reached', { peer: this.#id, error: error.message })
    const isRefused = error instanceof PeerError && error.failure === 'refused'
    if (isRefused && this.#id >= 0 && !this.#isClosed) onPeerGone(this.#id)
  }

  #onClosed(error: PeerError): void {
    this.#connection = undefined
    if (this.#isClosed) return
    this.#options.logger.debug('a raft connection broke', { peer: this.#id, error: error.message })
    // One that closes before it answers must not be dialled in a circle.
    if (this.#hasAnswered && error.failure === 'closed') this.#connect()?.catch(() => undefined)
  }
}

/** Of the API Vote. */
const preVoteVersion = 2

/** A voter that cannot be asked what it would do does not stand in the way: its real vote decides (KIP-996). */
function unaskable(epoch: number): RaftResponse {
  return {
    kind: 'vote',
    error: 'NONE',
    isTopLevel: false,
    isGranted: true,
    leaderId: -1,
    epoch,
    leaderEndpoint: undefined,
  }
}
