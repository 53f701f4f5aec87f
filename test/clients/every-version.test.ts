/** Whatever ApiVersions advertises is answered, in every version, by a whole node over a socket. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apis, apiKeys as keys } from '../../src/protocol/api/index.ts'
import { TestClient } from '../server/server-harness.ts'
import { StartedNode } from './started-node.ts'

let node: StartedNode

beforeAll(async () => {
  node = await StartedNode.start({
    listeners: 'PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
  })
})

afterAll(async () => {
  await node.dispose()
})

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
const aclFilter = { resourceTypeFilter: 1, operation: 1, permissionType: 1 }

/** What the defaults of a request lack to be answered: they ask for no answer, or name an element that cannot be. */
function fieldsOf(apiKey: number, version: number): object {
  if (apiKey === keys.Produce) return { acks: 1, timeoutMs: 1000 }
  if (apiKey === keys.ApiVersions) return version < 3 ? {} : software
  if (apiKey === keys.DescribeAcls) return { ...aclFilter, patternTypeFilter: 1 }
  // One that is not there has an error of its own for each topic, group or resource that is named.
  if (apiKey === keys.DescribeGroups) return { groups: ['nobody', ''] }
  if (apiKey === keys.DeleteGroups) return { groupsNames: ['nobody', ''] }
  if (apiKey === keys.DescribeConfigs) return { resources: [{ resourceType: 4, resourceName: '1' }] }
  return {}
}

/** Every error code in an answer, however deep. */
function errorCodesIn(value: unknown): unknown[] {
  if (Buffer.isBuffer(value) || value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, each]) => (name === 'errorCode' ? [each] : errorCodesIn(each)))
}

test.each(['PLAINTEXT', 'CONTROLLER'])('what %s advertises', async (listenerName) => {
  const { port } = node.listeners.find(({ name }) => name === listenerName)!
  const client = await TestClient.connect(port)
  client.send(keys.ApiVersions, 4, 0, software)
  const { message } = await client.response(keys.ApiVersions, 4)
  const advertised = message.apiKeys as readonly { apiKey: number; minVersion: number; maxVersion: number }[]
  expect(advertised.length).toBeGreaterThan(15)
  const failed: string[] = []
  let correlationId = 0
  for (const { apiKey, minVersion, maxVersion } of advertised) {
    // Produce is advertised from 0 for the sake of old librdkafkas, and served from 3.
    for (let version = apiKey === keys.Produce ? 3 : minVersion; version <= maxVersion; version++) {
      client.send(apiKey, version, ++correlationId, fieldsOf(apiKey, version))
      const what = `${apis.get(apiKey)!.request.name} ${version}`
      const answer = await client.response(apiKey, version).catch((error: Error) => {
        throw new Error(`${what}: ${error.message}`)
      })
      expect(answer.correlationId, what).toBe(correlationId)
      if (errorCodesIn(answer.message).includes(-1)) failed.push(what)
    }
  }
  expect(failed).toEqual([])
  client.socket.destroy()
})
