/** What the deserializers of Apache Kafka's clients make of bytes, as text: for kafka-console-consumer's properties. */
import { OperatorError } from '../operator-error.ts'

export type Deserializer = (bytes: Buffer) => string

const serialization = 'org.apache.kafka.common.serialization.'

const deserializers: Readonly<Record<string, Deserializer>> = {
  StringDeserializer: (bytes) => bytes.toString(),
  ShortDeserializer: (bytes) => `${sized(bytes, 2, 'ShortDeserializer').readInt16BE()}`,
  IntegerDeserializer: (bytes) => `${sized(bytes, 4, 'IntegerDeserializer').readInt32BE()}`,
  LongDeserializer: (bytes) => `${sized(bytes, 8, 'LongDeserializer').readBigInt64BE()}`,
  FloatDeserializer: (bytes) => floatText(sized(bytes, 4, 'Deserializer').readFloatBE(), 8),
  DoubleDeserializer: (bytes) => floatText(sized(bytes, 8, 'Deserializer').readDoubleBE(), 17),
  BooleanDeserializer: (bytes) => {
    const value = sized(bytes, 1, 'BooleanDeserializer')[0]!
    if (value > 1) throw new OperatorError(`Unexpected byte received by BooleanDeserializer: ${value}`)
    return value === 1 ? 'true' : 'false'
  },
  UUIDDeserializer: (bytes) => bytes.toString(),
  BytesDeserializer: printableText,
  VoidDeserializer: () => 'null',
}

/** Undefined where bytes are printed as they are: also for names that are not known, as the stock tool does. */
export function deserializerNamed(name: string | undefined): Deserializer | undefined {
  const short = name?.startsWith(serialization) ? name.slice(serialization.length) : ''
  return Object.hasOwn(deserializers, short) ? deserializers[short] : undefined
}

function sized(bytes: Buffer, size: number, name: string): Buffer {
  if (bytes.length !== size) throw new OperatorError(`Size of data received by ${name} is not ${size}`)
  return bytes
}

/** As Java prints numbers with a fraction: 1.0, and 1.0E10 from ten million on and below a thousandth. */
function floatText(value: number, digitsMax: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  const shortest = digitsMax > 8 ? String(value) : shortestFloat(value)
  const number = Number(shortest)
  const magnitude = Math.abs(number)
  if (magnitude === 0) return Object.is(number, -0) ? '-0.0' : '0.0'
  if (magnitude >= 1e-3 && magnitude < 1e7) return shortest.includes('.') ? shortest : `${shortest}.0`
  const [mantissa, exponent] = number.toExponential().split('e') as [string, string]
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
}

/** The fewest digits that are this float and no other. */
function shortestFloat(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(value)
}

/** Bytes of printable ASCII as they are, others as \xHH. */
function printableText(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
