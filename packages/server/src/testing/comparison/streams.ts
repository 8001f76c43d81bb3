/** What a client and a handler do and see in one streaming call. */
import type { Metadata, ServerDuplexStream, sendUnaryData } from '@grpc/grpc-js';
import type { Definition, MethodKind } from '../../capture/captured.js';
import type { Journal } from './journal.js';

/** A call of any kind; which of its halves it has depends on the method. */
export type AnyCall = ServerDuplexStream<unknown, unknown> & { readonly request: unknown };
export type StreamHandler = (call: AnyCall, log: Journal['log'], callback: sendUnaryData<unknown>) => unknown;

/** A step of a client. It takes each step as soon as the one before is done. */
export type ScenarioStep =
  | { readonly write: unknown }
  | { readonly bytes: Buffer }
  | { readonly until: (journal: Journal) => boolean }
  | 'end'
  | 'cancel';

export interface Scenario {
  readonly kind: Exclude<MethodKind, 'unary'>;
  readonly handler: StreamHandler;
  /** The client's steps; for server streaming the one request comes first. */
  readonly client: readonly ScenarioStep[];
  readonly metadata?: Metadata;
  readonly deadline?: number;
  readonly definition?: Partial<Definition>;
}

/** Everything that the two sides of a call can observe. */
export interface StreamObserved {
  readonly initialMetadata: unknown;
  readonly messages: readonly unknown[];
  readonly status: unknown;
  readonly handler: readonly unknown[];
}

export const PATH = '/test.Service/stream';

export const isCancelled = ({ client }: Scenario): boolean => client.includes('cancel');

/** Enters what node's streams and grpc-js tell a handler in the journal, and runs the handler. */
export function watched({ handler }: Scenario, journal: Journal) {
  return (call: AnyCall, callback: sendUnaryData<unknown>): unknown => {
    for (const event of ['end', 'finish', 'cancelled', 'close']) {
      call.on(event, () => journal.log(event, call.cancelled));
    }
    call.on('error', (error) => journal.log('error', error?.message));
    return handler(call, journal.log, callback);
  };
}

export const handlerEnded = ({ handler }: Journal): boolean =>
  handler.some((entry) => Array.isArray(entry) && entry[0] === 'close');

/**
 * Leaves out what differs from run to run with grpc-js: after a status, the end of the transport and the end of the
 * stream come in either order.
 */
export function comparable({ initialMetadata, messages, status, handler }: StreamObserved): unknown {
  const rest = { initialMetadata, messages, status };
  if (status === 'cancelled') return { ...rest, handler };
  const names = handler.map((entry) => (Array.isArray(entry) ? entry[0] : entry));
  const isEnd = (_entry: unknown, at: number): boolean => names[at] === 'cancelled' || names[at] === 'close';
  const ends = names.filter(isEnd).sort();
  return { ...rest, handler: handler.filter((entry, at) => !isEnd(entry, at)), ends };
}
