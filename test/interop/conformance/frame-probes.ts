/** Bytes that are no request at all, or one that nobody expects on a broker's listener. */
import { apis } from '../../../src/protocol/api/index.ts'
import { encodeRequest } from '../../../src/protocol/frames.ts'
import { requestFrame } from '../../server/server-harness.ts'
import type { Probe } from './prober.ts'

const apiVersionsKey = 18

function withKey(apiKey: number): Buffer {
  const frame = requestFrame(apiVersionsKey, 0, 1, {})
  frame.writeInt16BE(apiKey, 4)
  return frame
}

function sized(size: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(4 + body.length)
  frame.writeInt32BE(size)
  body.copy(frame, 4)
  return frame
}

/** A whole request whose header says what `clientId` is. */
function named(apiKey: number, version: number, clientId: string | null, message: object = {}): Buffer {
  const { chunks } = encodeRequest(apis.get(apiKey)!.request, version, 1, clientId, message)
  return Buffer.concat(chunks as readonly Buffer[])
}

const frames: Probe = {
  name: 'frames',
  async run(prober) {
    for (const key of [-1, -32_768, 93, 999, 4, 5, 6, 7]) await prober.probeFrame(`API ${key}`, withKey(key))
    const onControllers = [...apis.values()].filter(({ request }) => !request.listeners.includes('broker'))
    for (const { key, request } of onControllers) {
      await prober.probeFrame(request.name, requestFrame(key, request.maxVersion, 1, {}))
    }
    for (const size of [-1, -2_147_483_648, 0, 1, 7]) {
      await prober.probeFrame(`size ${size}`, sized(size, Buffer.alloc(Math.max(size, 0))))
    }
    for (const size of [104_857_601, 2_147_483_647]) await prober.probeFrame(`size ${size}`, sized(size))
    for (const clientId of [null, '', 'x'.repeat(10_000), 'ä€𝄞', 'a\u0000b']) {
      const told = clientId === null ? 'null' : `${clientId.length} characters`
      await prober.probeBytes(
        `client id ${told}`,
        'Heartbeat',
        4,
        named(12, 4, clientId, { groupId: '', memberId: '' }),
      )
      await prober.probeBytes(
        `client id ${told}`,
        'Heartbeat',
        0,
        named(12, 0, clientId, { groupId: '', memberId: '' }),
      )
    }
    // Beyond its end the header says more.
    const short = requestFrame(12, 0, 1, { groupId: '', memberId: '' })
    short.writeInt16BE(30_000, 12)
    await prober.probeFrame('a client id beyond the end', short)
    short.writeInt16BE(-2, 12)
    await prober.probeFrame('a client id of length -2', short)
    await prober.probeFrame('another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  },
}

export const frameProbes: readonly Probe[] = [frames]
