/**
 * One compression type's implementation, native or pure, as node-codecs.ts holds it. All promise the same: exactly the
 * errors below, the limit kept before memory is taken, and the same output for the same input.
 */
import { KafkaError } from '../../protocol/errors.ts'

export interface Codec {
  compress(bytes: Buffer, level: number | undefined): Buffer
  /** Throws `corrupt` or `tooLarge`. */
  decompress(bytes: Buffer, limitBytes: number): Buffer
}

/** The bytes are not what their compression type says. */
export function corrupt(message: string): KafkaError {
  return new KafkaError('CORRUPT_MESSAGE', message)
}

/** More would come out than allowed. */
export function tooLarge(limitBytes: number): KafkaError {
  return new KafkaError('MESSAGE_TOO_LARGE', `A compressed batch opens to more than ${limitBytes} bytes`)
}

/** Runs a library's decoder: whatever it throws becomes `corrupt`. */
export function decodeOrRefuse<Result>(name: string, decode: () => Result): Result {
  try {
    return decode()
  } catch (error) {
    throw corrupt(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
