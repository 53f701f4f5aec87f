/**
 * node latency-probe.mjs DIST PORT TOPIC: writes a small record every 20 ms, waits for its acknowledgement, and at the end
 * of its input prints the milliseconds that each took, as JSON. A process of its own, so that only the broker shows.
 */
import { setTimeout as sleep } from 'node:timers/promises'

const [dist, port, topic] = process.argv.slice(2)
const { KafkaClient } = await import(`${dist}/client/kafka-client.js`)
const { Producer } = await import(`${dist}/client/producer.js`)

let hasEnded = false
process.stdin.on('end', () => {
  hasEnded = true
})
process.stdin.resume()

const client = new KafkaClient({ bootstrap: [{ host: '127.0.0.1', port: Number(port) }] })
const producer = await Producer.open(client, { lingerMs: 0 })
await producer.prepare(topic)
const value = Buffer.alloc(100)
const latenciesMs = []
while (!hasEnded) {
  const startedMs = performance.now()
  producer.append(topic, { value })
  await producer.flush()
  latenciesMs.push(performance.now() - startedMs)
  await sleep(20)
}
client.close()
console.log(JSON.stringify(latenciesMs))
