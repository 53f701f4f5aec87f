/** A controller that is to join the quorum, as its own configuration and its formatted directory describe it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseProperties } from '../../config/properties.ts'
import { OperatorError } from '../operator-error.ts'
import { readProperties } from './tool-client.ts'

export interface NewController {
  readonly id: number
  readonly directoryId: string
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
}

const question = 'Is this a valid controller configuration file?'

/** Throws OperatorError. */
export function readController(file: string): NewController {
  const properties = readProperties(file)
  const idText = properties.get('node.id')
  if (idText === undefined) throw new OperatorError(`node.id not found in configuration file. ${question}`)
  if (!/^\d+$/.test(idText)) throw new OperatorError(`node.id was negative in configuration file. ${question}`)
  const roles = (properties.get('process.roles') ?? '').split(',').map((role) => role.trim())
  if (!roles.includes('controller'))
    throw new OperatorError(`process.roles did not contain 'controller' in configuration file. ${question}`)
  const directory = properties.get('metadata.log.dir') ?? properties.get('log.dirs')?.split(',')[0]?.trim()
  if (directory === undefined) throw new OperatorError(`Neither metadata.log.dir nor log.dirs were found. ${question}`)
  return { id: Number(idText), directoryId: directoryIdIn(directory), listeners: listenersOf(properties) }
}

function directoryIdIn(directory: string): string {
  let text: string
  try {
    text = readFileSync(join(directory, 'meta.properties'), 'utf8')
  } catch {
    throw new OperatorError(`Unable to read meta.properties from ${directory}`)
  }
  const id = parseProperties(text).get('directory.id')
  if (id === undefined) throw new OperatorError(`No directory id found in ${directory}`)
  return id
}

function listenersOf(properties: ReadonlyMap<string, string>): NewController['listeners'] {
  const names = properties.get('controller.listener.names')
  if (names === undefined) throw new OperatorError(`controller.listener.names was not found. ${question}`)
  const addresses = new Map<string, { readonly name: string; readonly host: string; readonly port: number }>()
  for (const key of ['listeners', 'advertised.listeners'])
    for (const text of (properties.get(key) ?? '').split(',')) {
      const match = /^\s*([^:\s]+):\/\/(.*):(\d+)\s*$/.exec(text)
      if (match === null) continue
      const host = match[2] === '' ? 'localhost' : match[2]!
      addresses.set(match[1]!, { name: match[1]!, host, port: Number(match[3]) })
    }
  return names.split(',').map((name) => {
    const address = addresses.get(name.trim())
    if (address === undefined)
      throw new OperatorError(`Cannot find information about controller listener name: ${name.trim()}`)
    return address
  })
}
