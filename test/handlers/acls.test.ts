/** DescribeAcls (29), CreateAcls (30) and DeleteAcls (31) of a broker without an authorizer. */
import { describe, expect, test } from 'vitest'
import { CloseConnection } from '../../src/handlers/handler.ts'
import { describeAclsRequest, describeAclsResponse } from '../../src/protocol/api/29-describe-acls.ts'
import { createAclsRequest, createAclsResponse } from '../../src/protocol/api/30-create-acls.ts'
import { deleteAclsRequest, deleteAclsResponse } from '../../src/protocol/api/31-delete-acls.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'

const describeApi = [describeAclsRequest, describeAclsResponse] as const
const createApi = [createAclsRequest, createAclsResponse] as const
const deleteApi = [deleteAclsRequest, deleteAclsResponse] as const

const filter = {
  ...{ resourceTypeFilter: 2, resourceNameFilter: null, patternTypeFilter: 3 },
  ...{ principalFilter: null, hostFilter: null, operation: 1, permissionType: 1 },
}
const creation = {
  ...{ resourceType: 2, resourceName: 't', resourcePatternType: 3 },
  ...{ principal: 'User:a', host: '*', operation: 3, permissionType: 3 },
}
const disabled = { errorCode: errorCodes.SECURITY_DISABLED, errorMessage: 'No Authorizer is configured.' }

test.each([1, 2, 3])('version %i says that there is no authorizer', async (version) => {
  const harness = await BrokerHarness.start()
  await expect(harness.call(describeApi, version, filter)).rejects.toMatchObject({
    error: 'SECURITY_DISABLED',
    message: 'No Authorizer is configured on the broker',
  })
  const created = await harness.call(createApi, version, { creations: [creation, { ...creation, principal: '' }] })
  expect(created.results).toEqual([disabled, disabled])
  const deleted = await harness.call(deleteApi, version, { filters: [filter] })
  expect(deleted.filterResults).toEqual([{ ...disabled, matchingAcls: [] }])
  expect((await harness.call(createApi, version, { creations: [] })).results).toEqual([])
})

describe('an unknown element closes the connection, a number that nobody knows does not', () => {
  test.each(['resourceTypeFilter', 'patternTypeFilter', 'operation', 'permissionType'])('%s', async (field) => {
    const harness = await BrokerHarness.start()
    await expect(harness.call(describeApi, 3, { ...filter, [field]: 0 })).rejects.toThrow(CloseConnection)
    const filters = [filter, { ...filter, [field]: 0 }]
    await expect(harness.call(deleteApi, 3, { filters })).rejects.toThrow(CloseConnection)
    const answer = await harness.call(deleteApi, 3, { filters: [{ ...filter, [field]: 99 }] })
    expect(answer.filterResults).toHaveLength(1)
  })

  test.each(['resourceType', 'resourcePatternType', 'operation', 'permissionType'])('%s', async (field) => {
    const harness = await BrokerHarness.start()
    const creations = [{ ...creation, [field]: 0 }]
    await expect(harness.call(createApi, 3, { creations })).rejects.toThrow(CloseConnection)
  })
})

test('needs the rights to describe and to alter the cluster', async () => {
  const harness = await BrokerHarness.start({ authorize: () => false })
  const { CLUSTER_AUTHORIZATION_FAILED: errorCode } = errorCodes
  await expect(harness.call(describeApi, 3, filter)).rejects.toThrow('CLUSTER_AUTHORIZATION_FAILED')
  expect((await harness.call(createApi, 3, { creations: [creation] })).results).toMatchObject([{ errorCode }])
  expect((await harness.call(deleteApi, 3, { filters: [filter] })).filterResults).toMatchObject([{ errorCode }])
})
