/**
 * Why the broker closes a client's connection on purpose: what it asked for is not served, or it holds memory that others
 * wait for. The message is the whole reason, for one log line. ProtocolError is the other such reason.
 */
export class Refusal extends Error {
  override name = 'Refusal'
}
