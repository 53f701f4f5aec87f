/** The part of crc-32 that its own types leave out: the Castagnoli polynomial. */
declare module 'crc-32/crc32c.js' {
  const castagnoli: {
    /** The checksum of `bytes` as a signed 32-bit integer. */
    buf(bytes: Uint8Array): number
  }
  export default castagnoli
}
