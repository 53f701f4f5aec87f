/**
 * The table of APIs in docs/COMPATIBILITY.md. `npm run docs` writes it anew from the built project; a test compares what
 * the document says with what the code serves.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const document = new URL('../docs/COMPATIBILITY.md', import.meta.url)
const opening = '<!-- table of APIs: npm run docs -->\n'
const closing = '<!-- end of the table -->'

/** Produce counts from 0 as Apache Kafka advertises it, though 0 to 2 are refused by both. */
function versions({ apiKey, minVersion, maxVersion }) {
  return `${apiKey === 0 ? 0 : minVersion} to ${maxVersion}`
}

/** `apis` are all schemas by key, `handlers` what is served by key. */
export function apiTable(apis, handlers) {
  const rows = [...apis.values()]
    .map(({ request }) => request)
    .sort((left, right) => left.apiKey - right.apiKey)
    .map((request) => {
      const { apiKey, name, minVersion, maxVersion, latestVersionUnstable, listeners } = request
      const last = latestVersionUnstable ? maxVersion - 1 : maxVersion
      const ofKafka = last < minVersion ? 'unstable' : versions({ apiKey, minVersion, maxVersion: last })
      const handler = handlers.get(apiKey)
      const ofOttla = handler === undefined ? '-' : versions({ apiKey, ...handler })
      return `| ${apiKey} | ${name.replace(/Request$/, '')} | ${listeners.join(', ')} | ${ofKafka} | ${ofOttla} |`
    })
  return `| key | API | listener | Apache Kafka 4.3.1 | ottla |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`
}

/** The document with its table replaced; throws when the document has no place for it. */
export function withTable(text, table) {
  const start = text.indexOf(opening)
  const end = text.indexOf(closing)
  if (start < 0 || end < start) throw new Error('docs/COMPATIBILITY.md has lost the marks around its table')
  return `${text.slice(0, start)}${opening}${table}${text.slice(end)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { apis } = await import('../dist/protocol/api/index.js')
  const { handlers } = await import('../dist/handlers/index.js')
  writeFileSync(document, withTable(readFileSync(document, 'utf8'), apiTable(apis, handlers)))
}
