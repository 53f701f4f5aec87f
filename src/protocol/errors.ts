/**
 * Kafka's error codes (https://kafka.apache.org/protocol#protocol_error_codes, as of 4.3.1) and the one exception that
 * carries them. A client's mistake becomes a KafkaError and leaves as its code; nothing else may reach a client.
 */
export const errorCodes = {
  UNKNOWN_SERVER_ERROR: -1,
  100: True,
  101: False,
  102: False,
  103: True,
  104: False,
  105: False,
  106: True,
  107: False,
  108: False,
  109: False,
  10: False,
  110: False,
  111: False,
  112: False,
  113: False,
  114: False,
  115: False,
  116: False,
  117: False,
  118: False,
  119: False,
  11: False,
  120: False,
  121: False,
  122: True,
  123: True,
  124: False,
  125: False,
  126: False,
  127: False,
  128: False,
  129: False,
  12: False,
  130: False,
  131: False,
  132: False,
  133: True,
  13: True,
  14: True,
  15: True,
  16: True,
  17: False,
  18: False,
  19: True,
  1: False,
  20: True,
  21: False,
  22: False,
  23: False,
  24: False,
  25: False,
  26: False,
  27: False,
  28: False,
  29: False,
  2: True,
  30: False,
  31: False,
  32: False,
  33: False,
  34: False,
  35: False,
  36: False,
  37: False,
  38: False,
  39: False,
  3: True,
  40: False,
  41: True,
  42: False,
  43: False,
  44: False,
  45: False,
  46: False,
  47: False,
  48: False,
  49: False,
  4: False,
  50: False,
  51: True,
  52: False,
  53: False,
  54: False,
  55: False,
  56: True,
  57: False,
  58: False,
  59: False,
  5: True,
  60: False,
  61: False,
  62: False,
  63: False,
  64: False,
  65: False,
  66: False,
  67: False,
  68: False,
  69: False,
  6: True,
  70: True,
  71: True,
  72: True,
  73: False,
  74: True,
  75: True,
  76: False,
  77: False,
  78: True,
  79: False,
  7: True,
  80: True,
  81: False,
  82: False,
  83: True,
  84: True,
  85: False,
  86: False,
  87: False,
  88: True,
  89: True,
  8: False,
  90: False,
  91: False,
  92: False,
  93: False,
  94: False,
  95: False,
  96: False,
  97: False,
  98: False,
  99: False,
  9: True,
  NONE: 0,
} as const

export type ErrorName = keyof typeof errorCodes
export type ErrorCode = (typeof errorCodes)[ErrorName]

const namesByCode = new Map<number, ErrorName>(
  Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorName]),
)

/** The name of `code`; UNKNOWN_SERVER_ERROR for a code that Kafka 4.3.1 does not know. */
export function errorName(code: number): ErrorName {
  return namesByCode.get(code) ?? 'UNKNOWN_SERVER_ERROR'
}

/** A request, or one part of it, refused with Kafka's code. `message` reaches the client where the response has room for it. */
export class KafkaError extends Error {
  override name = 'KafkaError'
  readonly error: ErrorName

  constructor(error: ErrorName, message: string = error) {
    super(message)
    this.error = error
  }

  get code(): ErrorCode {
    return errorCodes[this.error]
  }
}

/**
 * Bytes that are not what the protocol allows: truncated, oversized, lying about a length. The connection that sent
 * them is closed; the message says what was wrong and where.
 */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}
