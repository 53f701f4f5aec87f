/** A connection to another node: who is answered what, and what each kind of failure is called. */
import { beforeEach, describe, expect, test } from 'vitest'
import { FrameMemory } from '../../src/base/frame-memory.ts'
import { NetworkError } from '../../src/base/network.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { PeerConnection, type PeerConnectionOptions, type PeerFailure } from '../../src/runtime/peer-connection.ts'
import { ScriptedPeer } from './scripted-peer.ts'

let clock: VirtualClock
let peer: ScriptedPeer

beforeEach(() => {
  clock = new VirtualClock()
  peer = new ScriptedPeer()
})

function open(change: Partial<PeerConnectionOptions> = {}): Promise<PeerConnection> {
  return PeerConnection.open({
    network: peer,
    clock,
    endpoint: { host: 'peer', port: 9093 },
    clientId: 'raft-client-1',
    timeoutMs: 1000,
    isNegotiated: false,
    ...change,
  })
}

const range = (apiKey: number, minVersion: number, maxVersion: number) => ({ apiKey, minVersion, maxVersion })

function openNegotiated(apiKeys = [range(18, 0, 4), range(52, 0, 2)], errorCode = 0): Promise<PeerConnection> {
  peer.onRequest = (request) => {
    const supportedFeatures = [{ name: 'kraft.version', minVersion: 0, maxVersion: 1 }]
    if (request.apiKey === 18) peer.answer(request, { errorCode, apiKeys, supportedFeatures })
  }
  return open({ isNegotiated: true })
}

const vote = (voterId: number) => ({ clusterId: 'cluster', voterId, topics: [] })
const answered = (code: number) => ({ errorCode: code, topics: [] })
const failure = (kind: PeerFailure) => expect.objectContaining({ name: 'PeerError', failure: kind })

describe('requests', () => {
  test('go out in order and get their own answers, in whatever order and pieces these come', async () => {
    const connection = await open()
    const asked = [1, 2, 3].map((voterId) => connection.ask(52, vote(voterId)))
    expect(peer.heard).toMatchObject([1, 2, 3].map((voterId) => ({ apiVersion: 2, message: { voterId } })))
    expect(new Set(peer.heard.map(({ clientId }) => clientId))).toEqual(new Set(['raft-client-1']))
    for (const index of [2, 0, 1]) peer.answer(peer.heard[index]!, answered(index), 3)
    expect(await Promise.all(asked)).toMatchObject([0, 1, 2].map((errorCode) => ({ errorCode })))
    expect(connection.isOpen).toBe(true)
  })

  test('keep what they were answered though the bytes were lent', async () => {
    const connection = await open()
    const asked = connection.ask<{ topics: { partitions: { unalignedRecords: Buffer }[] }[] }>(59, { topics: [] })
    const partition = { index: 0, unalignedRecords: Buffer.from('a piece of a snapshot') }
    peer.answer(peer.heard[0]!, { topics: [{ name: 'log', partitions: [partition] }] })
    expect((await asked).topics[0]!.partitions[0]!.unalignedRecords.toString()).toBe('a piece of a snapshot')
  })

  test('are answered in frames whose memory is used again, where their owner says when', async () => {
    const frameMemory = new FrameMemory()
    const connection = await open({ frameMemory })
    const buffers = new Set<ArrayBufferLike>()
    for (let count = 0; count < 3; count++) {
      const frames: Buffer[] = []
      const options = { onFrame: (frame: Buffer) => void frames.push(frame) }
      const asked = connection.ask<{ topics: { partitions: { unalignedRecords: Buffer }[] }[] }>(59, {}, options)
      const partition = { index: 0, unalignedRecords: Buffer.alloc(100_000, count) }
      peer.answer(peer.heard[count]!, { topics: [{ name: 'log', partitions: [partition] }] })
      const { unalignedRecords } = (await asked).topics[0]!.partitions[0]!
      expect(unalignedRecords.equals(Buffer.alloc(100_000, count))).toBe(true)
      expect(unalignedRecords.buffer).toBe(frames[0]!.buffer)
      buffers.add(unalignedRecords.buffer)
      if (count > 0) frameMemory.release(frames[0]!)
    }
    // The first was never released.
    expect(buffers.size).toBe(2)
  })

  test('are sent in the newest version that both know', async () => {
    const connection = await openNegotiated([range(18, 0, 4), range(52, 0, 1), range(1, 99, 100)])
    expect(connection.versionOf(52)).toBe(1)
    expect(connection.versionOf(1)).toBeUndefined()
    expect(connection.features.get('kraft.version')).toMatchObject({ minVersion: 0, maxVersion: 1 })
    void connection.ask(52, vote(1)).catch(() => undefined)
    expect(peer.heard.at(-1)).toMatchObject({ apiKey: 52, apiVersion: 1 })
    await expect(connection.ask(53, { topics: [] })).rejects.toThrow(failure('unsupported'))
    await expect(connection.ask(1, { topics: [] })).rejects.toThrow(failure('unsupported'))
    expect(connection.isOpen).toBe(true)
  })

  test('that their version cannot say are not sent, and nobody waits for them', async () => {
    const connection = await open()
    const listener = { name: 'CONTROLLER', host: 'peer', port: 9093 }
    const addition = { voterId: 1, timeoutMs: 1, listeners: [listener], ackWhenCommitted: false }
    await expect(connection.ask(80, addition, { version: 0 })).rejects.toThrow(KafkaError)
    clock.advance(60_000)
    expect([peer.heard.length, connection.isOpen]).toEqual([0, true])
  })

  test('do not pile up without end', async () => {
    const connection = await open()
    const asked = Array.from({ length: 1001 }, () => connection.ask(52, vote(1)).catch((error: Error) => error))
    expect(await asked[1000]).toEqual(failure('timed out'))
    expect(peer.heard).toHaveLength(1000)
    connection.close()
    expect(await asked[999]).toEqual(failure('closed'))
  })
})

describe('time', () => {
  test('that runs out breaks the connection, for all who wait', async () => {
    const connection = await open()
    const first = connection.ask(52, vote(1)).catch((error: Error) => error)
    clock.advance(999)
    expect(connection.isOpen).toBe(true)
    const second = connection.ask(52, vote(2)).catch((error: Error) => error)
    clock.advance(1)
    expect(await Promise.all([first, second])).toEqual([failure('timed out'), failure('timed out')])
    expect([connection.isOpen, peer.isDestroyed]).toEqual([false, true])
    await expect(connection.ask(52, vote(3))).rejects.toThrow(failure('timed out'))
  })

  test('is longer for what the peer holds on purpose', async () => {
    const connection = await open()
    const asked = connection.ask(52, vote(1), { waitMs: 500 })
    clock.advance(1499)
    peer.answer(peer.heard[0]!, answered(7))
    expect(await asked).toMatchObject({ errorCode: 7 })
    clock.advance(60_000)
    expect(connection.isOpen).toBe(true)
  })

  test('for connecting may be another', async () => {
    await open({ connectTimeoutMs: 200 })
    expect(peer.timeoutMs).toBe(200)
    await open()
    expect(peer.timeoutMs).toBe(1000)
  })

  test('without an answer to the first question ends the attempt', async () => {
    const opening = open({ isNegotiated: true })
    const caught = opening.catch((error: Error) => error)
    await clock.advanceAsync(1000)
    expect(await caught).toEqual(failure('timed out'))
    expect(peer.isDestroyed).toBe(true)
  })
})

describe('an end', () => {
  test.each([
    ['ECONNREFUSED', 'refused'],
    ['ETIMEDOUT', 'unreachable'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
  ] as const)('before there is a connection: %s is %s', async (code, kind) => {
    peer.refusal = new NetworkError(code, `connect ${code}`)
    await expect(open()).rejects.toThrow(failure(kind))
  })

  test.each([
    ['by the peer', () => peer.end()],
    ['by the network', () => peer.break('read ECONNRESET')],
  ])('%s is told to who waits and, once, to who listens', async (_, end) => {
    const connection = await open()
    const heard: PeerFailure[] = []
    connection.onClosed((error) => heard.push(error.failure))
    const asked = connection.ask(52, vote(1))
    end()
    end()
    await expect(asked).rejects.toThrow(failure('closed'))
    connection.onClosed((error) => heard.push(error.failure))
    expect(heard).toEqual(['closed', 'closed'])
    clock.advance(60_000)
    expect(connection.isOpen).toBe(false)
  })

  test('by ourselves answers who waits', async () => {
    const connection = await open()
    const asked = connection.ask(52, vote(1))
    connection.close()
    await expect(asked).rejects.toThrow(failure('closed'))
    expect(peer.isDestroyed).toBe(true)
  })

  test('comes to who is told that it speaks to the wrong one', async () => {
    await expect(openNegotiated([], 42)).rejects.toThrow(failure('unsupported'))
    expect(peer.isDestroyed).toBe(true)
  })
})

describe('nonsense', () => {
  test.each([
    ['an answer that nobody waits for', Buffer.from('00000008000003e700000000', 'hex')],
    ['a frame beyond the limit', Buffer.from('7fffffff', 'hex')],
    ['a frame of negative size', Buffer.from('ffffffff', 'hex')],
    ['an answer that ends too early', Buffer.from('0000000500000000ff', 'hex')],
  ])('%s breaks the connection', async (_, bytes) => {
    const connection = await open({ frameBytesMax: 1000 })
    const asked = connection.ask(52, vote(1))
    peer.say(bytes)
    await expect(asked).rejects.toThrow(failure('malformed'))
    expect(peer.isDestroyed).toBe(true)
    clock.advance(60_000)
  })

  test('an answer may be as large as the limit, and not a byte larger', async () => {
    const connection = await open({ frameBytesMax: 1000 })
    const asked = connection.ask(52, vote(1)).catch((error: Error) => error)
    peer.say(Buffer.from('000003e8', 'hex'))
    expect(connection.isOpen).toBe(true)
    peer.end()
    expect(await asked).toEqual(failure('closed'))
    const another = await open({ frameBytesMax: 999 })
    peer.say(Buffer.from('000003e8', 'hex'))
    expect(another.isOpen).toBe(false)
  })
})
