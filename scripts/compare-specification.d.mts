import type { Schema } from '../src/protocol/schema.ts'

/** One of Apache Kafka's JSON message specifications, parsed. */
export type Specification = Readonly<Record<string, unknown>> & { readonly name: string }

export interface Comparison {
  /** Messages of Kafka's that were compared. */
  readonly messageCount: number
  /** Fields of Kafka's that were compared. */
  readonly fieldCount: number
  /** One line each. */
  readonly differences: readonly string[]
}

/** Parses a specification, which is JSON with comments. Throws SyntaxError. */
export function parseSpecification(text: string): Specification
/** Compares every specification with the schema of its name, and finds schemas without one. */
export function compareSpecifications(
  specifications: readonly Specification[],
  schemas: readonly Schema<object, object>[],
): Comparison
