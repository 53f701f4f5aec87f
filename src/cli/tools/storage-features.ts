/** Feature levels as kafka-storage names them: those of Kafka 4.3.1, in which ottla formats. */
import { OperatorError } from '../operator-error.ts'

/** The only release that ottla formats for. */
export const releaseVersion = '4.3-IV0'
export const metadataLevel = 30

const levels: Readonly<Record<string, number>> = {
  'kraft.version': 1,
  'transaction.version': 2,
  'group.version': 1,
  'eligible.leader.replicas.version': 1,
  'share.version': 1,
  'streams.version': 1,
}

/** Throws OperatorError. */
export function checkRelease(release: string | undefined): void {
  if (release === undefined || /^4\.3(-IV0)?$/.test(release)) return
  throw new OperatorError(`Unknown metadata.version '${release}'. Supported metadata.version are: ${releaseVersion}`)
}

/** Throws OperatorError. */
export function versionMapping(release: string | undefined): string {
  checkRelease(release)
  const lines = Object.entries(levels).map(([name, level]) => `${name}=${level}\n`)
  return `metadata.version=${metadataLevel} (${release ?? releaseVersion})\n${lines.join('')}`
}

/** `name=level` each. Throws OperatorError. */
export function featureDependencies(features: readonly string[]): string {
  return features.map(dependenciesOf).join('')
}

function dependenciesOf(text: string): string {
  const [name, level] = parseFeature(text)
  if (name === 'metadata.version') {
    if (level !== metadataLevel) throw new OperatorError(`Unknown metadata.version ${level}`)
    return `${name}=${level} (${releaseVersion}) has no dependencies.\n`
  }
  const newest = levels[name]
  if (newest === undefined) throw new OperatorError(`Unknown feature: ${name}`)
  if (level < 0 || level > newest)
    throw new OperatorError(`Feature level ${level} is not supported for feature ${name}`)
  return `${name}=${level} has no dependencies.\n`
}

/** Throws OperatorError. */
export function parseFeature(text: string): [name: string, level: number] {
  const [name, level, ...more] = text.split('=')
  if (level === undefined || more.length > 0) throw new OperatorError(`${text}: write it as feature=level`)
  if (!/^[+-]?\d{1,5}$/.test(level)) throw new OperatorError(`Invalid version format: ${level} for feature ${name}`)
  return [name!, Number(level)]
}

/** --feature at formatting: each at the level that ottla writes. Throws OperatorError. */
export function checkFeatures(features: readonly string[], hasStaticVoters: boolean): void {
  for (const text of features) {
    const [name, level] = parseFeature(text)
    if (name === 'kraft.version' && level === 0 && !hasStaticVoters)
      throw new OperatorError(
        'Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags --standalone, --initial-controllers, or --no-initial-controllers is used. For dynamic controllers support, try removing the --feature flag for kraft.version.',
      )
    const own = name === 'metadata.version' ? metadataLevel : levels[name]
    if (own === undefined) throw new OperatorError(`Unsupported feature: ${name}.`)
    if (level !== own && name !== 'kraft.version')
      throw new OperatorError(`${name}=${level}: ottla formats for ${name}=${own} alone`)
  }
}
