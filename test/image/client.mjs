// A client on the host: client.mjs HOST:PORT produce TOPIC VALUE... | consume TOPIC COUNT (values, one a line).
import { Kafka, logLevel } from 'kafkajs'

const [bootstrapServers, command, topic, ...rest] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.ERROR })

if (command === 'produce') {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: rest.map((value) => ({ value })) })
  await producer.disconnect()
} else {
  const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${Date.now()}` })
  const count = Number(rest[0])
  let seen = 0
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((resolve, reject) => {
    const eachMessage = async ({ message }) => {
      if (seen < count) console.log(String(message.value))
      if (++seen === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
}
