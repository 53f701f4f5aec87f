import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { NetworkError } from '../../src/base/network.ts'
import { NodeClock } from '../../src/io/node-clock.ts'
import { NodeNetwork } from '../../src/io/node-network.ts'
import { NodeRandom } from '../../src/io/node-random.ts'

test('timers run in the order of their times, not of their setting, and cancelled ones do not', async () => {
  const clock = new NodeClock()
  const order: string[] = []
  await new Promise<void>((resolve) => {
    clock.schedule(20, () => {
      order.push('last')
      resolve()
    })
    clock.schedule(5, () => order.push('second'))
    clock.schedule(0, () => order.push('first'))
    clock.schedule(1, () => order.push('never')).cancel()
    order.push('sync')
  })
  expect(order).toEqual(['sync', 'first', 'second', 'last'])
})

test('a timer set while timers run, or after one that threw, still runs', async () => {
  const clock = new NodeClock()
  await new Promise<void>((resolve) => {
    clock.schedule(1, () => {
      clock.schedule(0, () => clock.schedule(1, resolve))
    })
  })
})

test('a closed clock runs nothing any more and keeps no process', () => {
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timeouts()
  const clock = new NodeClock()
  clock.schedule(60_000, () => undefined)
  clock.schedule(0, () => expect.unreachable('it is closed'))
  expect(timeouts()).toBe(before + 1)
  clock.close()
  clock.schedule(0, () => expect.unreachable('it is closed')).cancel()
  clock.schedule(0, () => expect.unreachable('it is closed'))
  expect(timeouts()).toBe(before)
})

test('callbacks of the end of a turn run after the turn, those that they add in the next', async () => {
  const clock = new NodeClock()
  const order: string[] = []
  await new Promise<void>((resolve) => {
    clock.endOfTurn(() => {
      order.push('end')
      clock.endOfTurn(() => {
        order.push('next end')
        resolve()
      })
    })
    Promise.resolve().then(() => order.push('microtask'))
    order.push('sync')
  })
  expect(order).toEqual(['sync', 'microtask', 'end', 'next end'])
})

test('time goes forward and looks like time', () => {
  const clock = new NodeClock()
  const before = clock.monotonic()
  expect(clock.monotonic()).toBeGreaterThanOrEqual(before)
  expect(Number.isInteger(clock.now())).toBe(true)
})

test('random numbers stay in their bounds and differ', () => {
  const random = new NodeRandom()
  const numbers = Array.from({ length: 2000 }, () => random.integer(10))
  expect(new Set(numbers)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
  for (let index = 0; index < 2000; index++) {
    const next = random.next()
    expect(next >= 0 && next < 1).toBe(true)
  }
  expect(random.bytes(16).equals(random.bytes(16))).toBe(false)
  expect(random.bytes(16)).toHaveLength(16)
})

test('an address that is taken is one clear line', async () => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
  })
  const network = new NodeNetwork()
  const listening = network.listen({ host: '127.0.0.1', port, backlog: 5 }, () => {})
  await expect(listening).rejects.toThrow(
    new NetworkError(
      'EADDRINUSE',
      `cannot listen on 127.0.0.1:${port}: another process listens there; stop it, or choose another port in listeners`,
    ),
  )
  taken.close()
})

test('every address means IPv4 as well, and its clients look like IPv4', async () => {
  const network = new NodeNetwork()
  const { TestClient } = await import('../server/server-harness.ts')
  let accept!: (hosts: readonly [string, string]) => void
  const accepted = new Promise<readonly [string, string]>((resolve) => {
    accept = resolve
  })
  const listening = await network.listen({ host: '', port: 0, backlog: 5 }, (socket) => {
    accept([socket.remoteHost, socket.localHost])
    socket.destroy()
  })
  const client = await TestClient.connect(listening.port)
  expect(await accepted).toEqual(['127.0.0.1', '127.0.0.1'])
  await client.closed()
  await listening.close()
})
