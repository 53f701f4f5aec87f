/** The sweep over what handlers/index.ts serves: a probe for each API, with all its versions. */
import { SeededRandom } from '../../../src/base/random.ts'
import { handlers } from '../../../src/handlers/index.ts'
import { apiKeys, apis } from '../../../src/protocol/api/index.ts'
import { requestFrame } from '../../server/server-harness.ts'
import { isLeftOut } from './accepted-differences.ts'
import { untilCoordinator } from './group-probes.ts'
import { fresh, plausibleValues } from './plausible-requests.ts'
import type { ApiName, Probe, Prober } from './prober.ts'
import { createTopic, topicIdOf, untilProducerIds } from './produce-probes.ts'
import { Sweep, type World } from './sweep.ts'

/** Another one finds others: CONFORMANCE_SEED. */
const pairsSeed = Number(process.env.CONFORMANCE_SEED ?? 1)

class Names {
  readonly #prefix: string
  #count = 0

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The same message with a new name in the places that ask for one. */
  filled(value: unknown): unknown {
    if (value === fresh) return `${this.#prefix}${++this.#count}`
    if (Array.isArray(value)) return value.map((element) => this.filled(element))
    if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.filled(inner)]))
  }
}

/** What is not a request of this version at all. */
async function probeFrames(prober: Prober, api: ApiName, version: number, message: object): Promise<void> {
  const apiKey = apiKeys[api]
  const { request } = apis.get(apiKey)!
  const frame = requestFrame(apiKey, version, 1, message)
  const resized = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeInt32BE(copy.length - 4, 0)
    return copy
  }
  await prober.probeBytes('bytes behind', api, version, resized(Buffer.concat([frame, Buffer.alloc(3)])))
  const emptyBodySize = version >= request.flexibleSince ? 1 : 0
  const header = requestFrame(18, 0, 1, {}).length + emptyBodySize
  if (frame.length > header) {
    await prober.probeBytes('cut short', api, version, resized(frame.subarray(0, frame.length - 1)))
  }
  if (version >= request.flexibleSince) {
    const tags = Buffer.from([1, 99, 2, 7, 7])
    await prober.probeBytes('unknown tag', api, version, resized(Buffer.concat([frame.subarray(0, -1), tags])))
  }
}

async function probeVersion(prober: Prober, apiKey: number, version: number, world: World, names: Names) {
  const { request } = apis.get(apiKey)!
  const api = request.name.replace(/Request$/, '') as ApiName
  const sweep = new Sweep(request, version, world, plausibleValues(api))
  const requests = [...sweep.requests()]
  const pairs = version === request.maxVersion ? sweep.pairs(new SeededRandom(pairsSeed), 1) : []
  for (const { step, message } of [...requests, ...pairs]) {
    if (!isLeftOut(api, version, step)) await prober.probe(step, api, version, names.filled(message) as object)
  }
  await probeFrames(prober, api, version, names.filled(requests[0]!.message) as object)
}

function sweepOf(apiKey: number, minVersion: number, maxVersion: number): Probe {
  const name = apis.get(apiKey)!.request.name.replace(/Request$/, '')
  return {
    name: `every version of ${name}`,
    async run(prober) {
      await untilCoordinator(prober)
      await untilProducerIds(prober)
      const topic = `${prober.prefix}topic`
      await createTopic(prober, topic)
      const world = {
        topic,
        topicId: await topicIdOf(prober, topic),
        group: `${prober.prefix}group`,
        prefix: prober.prefix,
      }
      const names = new Names(prober.prefix)
      for (let version = minVersion; version <= maxVersion; version++) {
        await probeVersion(prober, apiKey, version, world, names)
      }
      for (const version of [minVersion - 1, maxVersion + 1, 32_767, -1]) {
        const frame = requestFrame(apiKey, maxVersion, 1, {})
        frame.writeInt16BE(version, 6)
        await prober.probeFrame(`version ${version}`, frame)
      }
    },
  }
}

export const sweepProbes: readonly Probe[] = [...handlers]
  .filter(([, { listeners }]) => listeners.includes('broker'))
  .map(([apiKey, { minVersion, maxVersion }]) => sweepOf(apiKey, minVersion, maxVersion))
