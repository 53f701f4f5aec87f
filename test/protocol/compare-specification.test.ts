/**
 * `npm run check:protocol` is only worth something if it notices a wrong schema. Here a small specification in Kafka's
 * form meets a schema that says the same, then schemas with one thing altered each: every one must be reported.
 */
import { describe, expect, test } from 'vitest'
import { compareSpecifications, parseSpecification } from '../../scripts/compare-specification.mjs'
import {
  arrayOf,
  bool,
  type FieldDescription,
  int32,
  int64Number,
  request,
  type Schema,
  string,
  struct,
  structField,
} from '../../src/protocol/schema.ts'

const specification = parseSpecification(`// A comment with "quotes"
{
  "apiKey": 99,
  "type": "request",
  "listeners": ["controller", "broker"],
  "name": "ShelveRequest", // another comment
  "validVersions": "2-5",
  "flexibleVersions": "4+",
  "fields": [
    { "name": "ShelfName", "type": "string", "versions": "0+", "nullableVersions": "3+", "default": "null",
      "about": "It is http://not.a.comment/." },
    { "name": "BookId", "type": "int64", "versions": "0-4", "default": "-1", "ignorable": true },
    { "name": "Gone", "type": "int8", "versions": "0-1" },
    { "name": "Books", "type": "[]Book", "versions": "0+", "fields": [
      { "name": "Title", "type": "string", "versions": "0+", "mapKey": true },
      { "name": "Pages", "type": "int32", "versions": "5+", "default": "100" }
    ]},
    { "name": "Place", "type": "Place", "versions": "4+", "taggedVersions": "4+", "tag": 0 },
    { "name": "Old", "type": "Place", "versions": "3+" }
  ],
  "commonStructs": [
    { "name": "Place", "versions": "0+", "fields": [{ "name": "Free", "type": "bool", "versions": "0+", "default": "true" }] }
  ]
}`)

const place = struct('Place', { free: bool({ default: true }) })
const book = struct('Book', { title: string({ mapKey: true }), pages: int32({ since: 5, default: 100 }) })

const faithful = request(
  { name: 'ShelveRequest', apiKey: 99, versions: [2, 5], flexibleSince: 4, listeners: ['broker', 'controller'] },
  {
    shelfName: string({ nullableSince: 3, default: null }),
    bookId: int64Number({ until: 4, default: -1, ignorable: true }),
    books: arrayOf(book),
    place: structField(place, { since: 4, tag: 0 }),
    old: structField(place, { since: 3 }),
  },
)

/** `faithful` with a part of the field at `path` altered; `path` may lead into an array of structures. */
function withField(path: string, altered: Partial<FieldDescription>): Schema {
  const alter = (fields: Schema['root']['fields'], names: readonly string[]): Schema['root']['fields'] =>
    fields.map(([name, field]) => {
      if (name !== names[0]) return [name, field]
      if (names.length === 1) return [name, { ...field, ...altered }]
      const structure = field.element!.struct!
      const element = { ...field.element!, struct: { ...structure, fields: alter(structure.fields, names.slice(1)) } }
      return [name, { ...field, element }]
    })
  return { ...faithful, root: { ...faithful.root, fields: alter(faithful.root.fields, path.split('.')) } } as Schema
}

test('a faithful schema has no differences', () => {
  expect(compareSpecifications([specification], [faithful])).toEqual({
    messageCount: 1,
    fieldCount: 9,
    differences: [],
  })
})

describe('an altered field is reported', () => {
  test.each<[string, Partial<FieldDescription>, string]>([
    ['shelfName', { nullableSince: 2 }, 'ShelveRequest.ShelfName: nullable versions is 3-5 in Kafka, 2-5 here'],
    ['shelfName', { default: '' }, 'ShelveRequest.ShelfName: default is null in Kafka, "" here'],
    ['shelfName', { type: 'bytes' }, 'ShelveRequest.ShelfName: type is string in Kafka, bytes here'],
    ['bookId', { until: 5 }, 'ShelveRequest.BookId: versions is 2-4 in Kafka, 2-5 here'],
    ['bookId', { default: undefined }, 'ShelveRequest.BookId: default is -1 in Kafka, 0 here'],
    ['bookId', { ignorable: false }, 'ShelveRequest.BookId: ignorable is true in Kafka, false here'],
    ['books.title', { mapKey: false }, 'ShelveRequest.Books.Title: map key is true in Kafka, false here'],
    ['books.pages', { since: 4 }, 'ShelveRequest.Books.Pages: versions is 5-5 in Kafka, 4-5 here'],
    ['place', { tag: 1 }, 'ShelveRequest.Place: tag is 0 in Kafka, 1 here'],
    ['place', { tag: undefined }, 'ShelveRequest.Place: tagged versions is 4-5 in Kafka, none here'],
    ['old', { tag: 1 }, 'ShelveRequest.Old: tagged versions is none in Kafka, 3-5 here'],
    ['old', { neverFlexible: true }, 'ShelveRequest.Old: field of its own flexibility is false in Kafka, true here'],
  ])('%s %o', (path, altered, difference) => {
    expect(compareSpecifications([specification], [withField(path, altered)]).differences).toContain(difference)
  })

  test('fields in another order, missing or renamed', () => {
    const reordered = [...faithful.root.fields].reverse()
    const { differences } = compareSpecifications(
      [specification],
      [{ ...faithful, root: { ...faithful.root, fields: reordered } }],
    )
    expect(differences).toEqual([
      'ShelveRequest: list of fields is shelfName bookId books place old in Kafka, old place books bookId shelfName here',
    ])
  })
})

describe('an altered message is reported', () => {
  test.each<[Partial<Schema>, string]>([
    [{ minVersion: 1 }, 'versions is 2-5 in Kafka, 1-5 here'],
    [{ maxVersion: 6 }, 'versions is 2-5 in Kafka, 2-6 here'],
    [{ flexibleSince: 5 }, 'flexible versions is 4-5 in Kafka, 5-5 here'],
    [{ apiKey: 98 }, 'key is 99 in Kafka, 98 here'],
    [{ kind: 'response' }, 'kind is request in Kafka, response here'],
    [{ listeners: ['broker'] }, 'listeners is broker,controller in Kafka, broker here'],
    [{ latestVersionUnstable: true }, 'unstable last version is false in Kafka, true here'],
  ])('%o', (altered, difference) => {
    const { differences } = compareSpecifications([specification], [{ ...faithful, ...altered }])
    expect(differences).toContain(`ShelveRequest: ${difference}`)
  })

  test('missing here, unknown to Kafka, or without versions there', () => {
    expect(compareSpecifications([specification], []).differences).toEqual(['ShelveRequest: no schema here'])
    expect(compareSpecifications([], [faithful]).differences).toEqual(['ShelveRequest: Kafka has no such message'])
    const removed = { ...specification, validVersions: 'none' }
    expect(compareSpecifications([removed], []).differences).toEqual([])
    expect(compareSpecifications([removed], [faithful]).differences).toHaveLength(1)
  })
})
