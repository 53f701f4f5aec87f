/** The flags of kafka-storage. */
import type { ToolArguments } from './tool-arguments.ts'

export const flags = {
  config: { aliases: ['c'], value: 'file', describe: 'info, format: the configuration of the node.' },
  'cluster-id': { aliases: ['t'], value: 'id', describe: "format: the cluster's id." },
  'add-scram': { aliases: ['S'], value: 'credential', describe: 'format: not served by ottla yet.' },
  'ignore-formatted': { aliases: ['g'], describe: 'format: leave formatted directories as they are.' },
  'release-version': { aliases: ['r'], value: 'version', describe: 'format, version-mapping: 4.3-IV0 alone.' },
  feature: { aliases: ['f'], value: 'name=level', describe: 'format, feature-dependencies: may be repeated.' },
  standalone: { aliases: ['s'], describe: 'format: this controller is the only voter of a new quorum.' },
  'no-initial-controllers': { aliases: ['N'], describe: 'format: this node joins a quorum that is there.' },
  'initial-controllers': {
    aliases: ['I'],
    value: 'id@host:port:directory,...',
    describe: 'format: the voters of a new quorum, the same on all its nodes.',
  },
} as const

export type StorageArguments = ToolArguments<keyof typeof flags>
