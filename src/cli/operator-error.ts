/**
 * Something that the operator can put right: its message is one line that says what and how, and no stack is shown.
 */
export class OperatorError extends Error {
  override name = 'OperatorError'
}
