/** A frame as it went over the wire, without its size. */
export interface GoldenFrame {
  readonly label: string
  readonly api_key: number
  readonly api_version: number
  readonly direction: 'request' | 'response'
  readonly hex: string
}

/** One JSON object a line. */
export function readFrames(text: string): GoldenFrame[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as GoldenFrame)
}
