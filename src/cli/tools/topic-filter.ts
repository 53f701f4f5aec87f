/**
 * Topics that a pattern names, as the stock tools read one: a regular expression for the whole name, in which a comma
 * means "or".
 */
import { OperatorError } from '../operator-error.ts'

export const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** Throws OperatorError. */
export function topicPattern(text: string): RegExp {
  const pattern = text
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replace(/^["']+/, '')
    .replace(/["']+$/, '')
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    throw new OperatorError(`${pattern} is an invalid regex.`)
  }
}
