/**
 * What a handler is. The dispatcher decodes a request, calls the one handler of its API in the order in which the
 * connection's requests arrived, and sends what it returns in that same order. A handler validates, authorizes and
 * appends before it returns (stage one); if it must wait for replicas or data it returns a promise (stage two).
 * It throws or rejects with KafkaError only where the whole response carries one error; per-part errors it returns.
 */
import type { Broker, NodeServices } from './broker.ts'
import type { RequestContext } from './request-context.ts'

export type { Authorize, ConnectionInfo, RequestContext } from './request-context.ts'

/** Returned instead of a response where the protocol has none (Produce with acks=0). */
export const noReply = Symbol('no reply')

/** Thrown (with a reason) where Kafka closes the connection instead of answering. */
export class CloseConnection extends Error {
  override name = 'CloseConnection'
}

/** `Node` is NodeServices for what a controller's listener serves too. */
export type Handler<Request, Response, Node extends NodeServices = Broker> = (
  broker: Node,
  request: Request,
  context: RequestContext,
) => Response | Promise<Response> | typeof noReply
