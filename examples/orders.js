// A small application: it reads orders from one topic and writes each customer's running total to another.
import { Kafka, logLevel } from 'kafkajs'

/** @param {string} bootstrapServers */
export async function startTotals(bootstrapServers) {
  const kafka = new Kafka({ clientId: 'totals', brokers: [bootstrapServers], logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'totals', maxWaitTimeInMs: 100 })
  const totals = new Map()
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const customer = String(message.key)
      const total = (totals.get(customer) ?? 0) + Number(message.value)
      totals.set(customer, total)
      await producer.send({ topic: 'totals', messages: [{ key: customer, value: String(total) }] })
    },
  })
  return {
    async stop() {
      await consumer.disconnect()
      await producer.disconnect()
    },
  }
}

/** Sends orders, `[customer, amount]` each. */
export async function order(bootstrapServers, orders) {
  const producer = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.ERROR }).producer()
  await producer.connect()
  const messages = orders.map(([customer, amount]) => ({ key: customer, value: String(amount) }))
  await producer.send({ topic: 'orders', messages })
  await producer.disconnect()
}

/** Reads `count` totals, as `customer: total`. */
export async function readTotals(bootstrapServers, count) {
  const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.ERROR })
  const consumer = kafka.consumer({ groupId: 'reader', maxWaitTimeInMs: 100 })
  const seen = []
  await consumer.connect()
  await consumer.subscribe({ topic: 'totals', fromBeginning: true })
  await new Promise((resolve, reject) => {
    const eachMessage = async ({ message }) => {
      if (seen.push(`${message.key}: ${message.value}`) === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return seen
}
