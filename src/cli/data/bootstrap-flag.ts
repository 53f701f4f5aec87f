/** --bootstrap-server as the stock tools check it: a port must stand behind every host. */
import { parseBootstrap } from '../../client/kafka-client.ts'
import { ToolUsageError } from '../tools/tool-arguments.ts'

interface BootstrapArguments {
  text(name: 'bootstrap-server'): string | undefined
}

/** Throws ToolUsageError. */
export function requireServers(given: BootstrapArguments): string {
  const servers = given.text('bootstrap-server')
  if (servers === undefined) throw new ToolUsageError('Missing required argument "[bootstrap-server]"')
  const hasPorts = servers.split(',').every((server) => /:\d+\s*$/.test(server))
  if (!hasPorts || parseBootstrap(servers) === undefined)
    throw new ToolUsageError('Please provide valid host:port like host1:9091,host2:9092\n')
  return servers
}
