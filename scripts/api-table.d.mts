import type { ServedApi } from '../src/handlers/index.ts'
import type { apis } from '../src/protocol/api/index.ts'

/** The table as Markdown, one row for each API. */
export function apiTable(all: typeof apis, handlers: ReadonlyMap<number, ServedApi>): string
/** The document with its table replaced. Throws Error when it has no marks around a table. */
export function withTable(text: string, table: string): string
