import { expect, test } from 'vitest'
import {
  decodeAddress,
  decodePrincipal,
  discloseRequest,
  encloseRequest,
  encodeAddress,
  encodePrincipal,
} from '../../src/protocol/envelope.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'

test('the principal is what Apache Kafka writes', () => {
  const bytes = Buffer.from('000005557365720a414e4f4e594d4f55530000', 'hex')
  expect(encodePrincipal('User:ANONYMOUS')).toEqual(bytes)
  expect(decodePrincipal(bytes)).toBe('User:ANONYMOUS')
  expect(decodePrincipal(encodePrincipal('User:CN=a:b'))).toBe('User:CN=a:b')
  expect(() => decodePrincipal(bytes.subarray(0, 1))).toThrow(ProtocolError)
})

test.each([
  ['127.0.0.1', '7f000001', '127.0.0.1'],
  ['::1', '00000000000000000000000000000001', '0:0:0:0:0:0:0:1'],
  ['fe80::1:2%eth0', 'fe800000000000000000000000010002', 'fe80:0:0:0:0:0:1:2'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
  ['2001:db8::', '20010db8000000000000000000000000', '2001:db8:0:0:0:0:0:0'],
  ['::ffff:10.1.2.3', '0a010203', '10.1.2.3'],
  ['', '00000000', '0.0.0.0'],
  ['a.b', '00000000', '0.0.0.0'],
  ['1:2:3', '00000000', '0.0.0.0'],
  ['1::2::3', '00000000', '0.0.0.0'],
])('the address %s', (address, hex, back) => {
  expect(encodeAddress(address).toString('hex')).toBe(hex)
  expect(decodeAddress(Buffer.from(hex, 'hex'))).toBe(back)
})

test('what Apache Kafka forwards is read, and written the same', () => {
  const hex =
    '002d00010000000a0018726561737369676e2d706172746974696f6e732d746f6f6c0000007530010203743202000000000200000002000000'
  const bytes = Buffer.from(hex, 'hex')
  const { api, message, ...header } = discloseRequest(bytes)
  expect(header).toMatchObject({ apiKey: 45, apiVersion: 1, correlationId: 10, clientId: 'reassign-partitions-tool' })
  expect(api.name).toBe('AlterPartitionReassignments')
  expect(encloseRequest(header, message)).toEqual(bytes)
})
