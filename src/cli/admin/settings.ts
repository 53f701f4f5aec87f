/** Settings as the administrator's commands take them: name=value each. */
import { OperatorError } from '../operator-error.ts'

/** Throws OperatorError. */
export function parseSettings(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals <= 0) throw new OperatorError(`${text}: write it as name=value`)
      return [text.slice(0, equals).trim(), text.slice(equals + 1)]
    }),
  )
}
