/**
 * Compares our schemas with Apache Kafka's JSON message specifications, field by field: order, name, type, versions,
 * nullable and flexible versions, tags, defaults, ignorable, map keys; and of each message its kind, key, versions,
 * listeners and whether the last version is stable. check-protocol.mjs feeds it; its test alters a schema and expects
 * to hear of it. Versions outside the message's own do not count: there is nothing to compare.
 */

/** Inclusive; [Infinity, -Infinity] is no version at all. */
const noVersions = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

export function parseSpecification(text) {
  // Strings are kept whole, comments outside of them go.
  return JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*/g, (_, string) => string ?? ''))
}

function parseVersions(text) {
  if (text === undefined || text === 'none') return noVersions
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), Number.POSITIVE_INFINITY]
  const [first, last] = text.split('-')
  return [Number(first), Number(last ?? first)]
}

function intersect([first, last], [otherFirst, otherLast]) {
  const range = [Math.max(first, otherFirst), Math.min(last, otherLast)]
  return range[0] > range[1] ? noVersions : range
}

function showVersions([first, last]) {
  return first > last ? 'none' : `${first}-${last}`
}

const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1)

/** Kafka's default and ours as one kind of text. */
function expectedDefault(field, type) {
  // Kafka's generator takes the word "null" for null; a JSON null is no default at all.
  const value = String(field.default ?? '')
  if (value === 'null') return 'null'
  if (type.startsWith('[]')) return '[]'
  switch (type) {
    case 'bool':
      return value === 'true' ? 'true' : 'false'
    case 'string':
      return JSON.stringify(value)
    case 'bytes':
      return 'no bytes'
    case 'records':
      return 'null'
    case 'uuid':
      return 'zero uuid'
    case 'float64':
      return String(Number(value))
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'int64':
      return String(BigInt(value))
    default:
      return 'struct'
  }
}

function ourDefault(field, type, isNullable) {
  const value = field.default
  if (value === null) return 'null'
  if (type.startsWith('[]')) return '[]'
  switch (type) {
    case 'bool':
      return String(value ?? false)
    case 'string':
      return JSON.stringify(value ?? '')
    case 'bytes':
      return 'no bytes'
    case 'records':
      return isNullable ? 'null' : 'no bytes'
    case 'uuid':
      return 'zero uuid'
    case 'int64':
      // An int64Number holds the largest value as 2^63, and is clamped when it is encoded.
      return String(value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(value ?? 0))
    default:
      return type in numberTypes ? String(value ?? 0) : 'struct'
  }
}

const numberTypes = { int8: 1, int16: 1, uint16: 1, int32: 1, uint32: 1, float64: 1 }

/** Our type in Kafka's words. */
function typeName(field) {
  if (field.type === 'array') return `[]${typeName(field.element)}`
  if (field.type === 'struct') return field.struct.name
  return field.type === 'int64Number' ? 'int64' : field.type
}

class MessageComparison {
  differences = []
  fieldCount = 0

  constructor(specification, schema) {
    this.specification = specification
    this.schema = schema
    this.versions = parseVersions(specification.validVersions)
    this.structs = new Map((specification.commonStructs ?? []).map((each) => [each.name, each]))
  }

  expect(where, what, theirs, ours) {
    if (theirs !== ours) this.differences.push(`${where}: ${what} is ${theirs} in Kafka, ${ours} here`)
  }

  compare() {
    const { specification, schema } = this
    const name = specification.name
    this.expect(name, 'kind', specification.type, schema.kind)
    this.expect(name, 'key', specification.apiKey, schema.apiKey)
    this.expect(name, 'versions', showVersions(this.versions), showVersions([schema.minVersion, schema.maxVersion]))
    const flexible = intersect(parseVersions(specification.flexibleVersions), this.versions)
    this.expect(name, 'flexible versions', showVersions(flexible), this.ourFlexible())
    const listeners = [...(specification.listeners ?? [])].sort().join(',')
    this.expect(name, 'listeners', listeners, [...schema.listeners].sort().join(','))
    const unstable = specification.latestVersionUnstable ?? false
    this.expect(name, 'unstable last version', unstable, schema.latestVersionUnstable)
    this.compareFields(name, specification.fields, schema.root.fields, this.versions)
  }

  ourFlexible() {
    return showVersions(intersect([this.schema.flexibleSince, Number.POSITIVE_INFINITY], this.versions))
  }

  compareFields(where, theirs, ours, within) {
    const present = theirs.filter((field) => {
      const [first, last] = intersect(parseVersions(field.versions ?? field.taggedVersions), this.versions)
      return first <= last
    })
    const theirNames = present.map((field) => lowerFirst(field.name)).join(' ')
    const ourNames = ours.map(([name]) => name).join(' ')
    this.expect(where, 'list of fields', theirNames, ourNames)
    const ourFields = new Map(ours)
    for (const field of present) {
      const mine = ourFields.get(lowerFirst(field.name))
      this.fieldCount++
      if (mine !== undefined) this.compareField(`${where}.${field.name}`, field, mine, within)
    }
  }

  compareField(where, field, mine, within) {
    const theirOwn = parseVersions(field.versions ?? field.taggedVersions)
    const theirs = intersect(theirOwn, within)
    this.expect(where, 'versions', showVersions(theirs), showVersions(intersect([mine.since, mine.until], within)))
    this.expect(where, 'type', field.type, typeName(mine))
    const nullable = intersect(parseVersions(field.nullableVersions), theirs)
    const ourNullable = intersect([mine.nullableSince, mine.nullableUntil], theirs)
    this.expect(where, 'nullable versions', showVersions(nullable), showVersions(ourNullable))
    this.expect(where, 'tag', field.tag, mine.tag)
    // A schema of ours has a tagged field in the tagged section of every version that has it.
    const tagged = showVersions(intersect(parseVersions(field.taggedVersions), theirs))
    this.expect(where, 'tagged versions', tagged, showVersions(mine.tag === undefined ? noVersions : theirs))
    this.expect(where, 'field of its own flexibility', field.flexibleVersions === 'none', mine.neverFlexible)
    this.expect(where, 'ignorable', field.ignorable ?? false, mine.ignorable)
    this.expect(where, 'map key', field.mapKey ?? false, mine.mapKey)
    const isNullable = mine.nullableSince <= mine.nullableUntil && mine.nullableSince !== Number.POSITIVE_INFINITY
    // Records that may not be null are absent as no bytes here, as null in Kafka; on the wire neither can be missing.
    if (field.type !== 'records' || isNullable) {
      this.expect(where, 'default', expectedDefault(field, field.type), ourDefault(mine, field.type, isNullable))
    }
    const structName = field.type.replace('[]', '')
    const structFields = field.fields ?? this.structs.get(structName)?.fields
    const structure = mine.struct ?? mine.element?.struct
    if (structFields === undefined || structure === undefined) return
    this.compareFields(where, structFields, structure.fields, theirs)
  }
}

export function compareSpecifications(specifications, schemas) {
  const schemasByName = new Map(schemas.map((schema) => [schema.name, schema]))
  const differences = []
  let messageCount = 0
  let fieldCount = 0
  for (const specification of specifications) {
    const schema = schemasByName.get(specification.name)
    schemasByName.delete(specification.name)
    if (specification.validVersions === 'none') {
      if (schema !== undefined)
        differences.push(`${specification.name}: has no versions in Kafka any more, but a schema here`)
      continue
    }
    messageCount++
    if (schema === undefined) {
      differences.push(`${specification.name}: no schema here`)
      continue
    }
    const comparison = new MessageComparison(specification, schema)
    comparison.compare()
    fieldCount += comparison.fieldCount
    differences.push(...comparison.differences)
  }
  for (const name of schemasByName.keys()) differences.push(`${name}: Kafka has no such message`)
  return { messageCount, fieldCount, differences }
}
