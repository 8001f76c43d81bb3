/** Effects in the outside world: a function that runs on the primary alone, and whose result is part of the order. */
import { handle, realImmediate, type SendNested, type SentCall } from '@understudy/context';
import { type ErrorCode, UnderstudyError } from '@understudy/core';
import { GrpcStatus, type NestedCaller, type Reply } from '@understudy/core/internal';
import { isError } from '@understudy/grpc-common';
import { copyOf, valueIn } from './named-timers.js';

/** The most bytes of a result. Every replica keeps it until it is stable. */
export const RESULT_MAX_BYTES = 1024 * 1024;
/** How many functions run at a time. Further ones wait. */
export const AT_ONCE_MAX = 64;

/** An error that all replicas are given in place of a result. */
interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly ours?: ErrorCode;
}

/** Runs the functions of one life of a replica. */
export class OnceRunner {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param run the function that the primary runs, perhaps a second time if its predecessor died before the result was
   *   known
   */
  sender(name: string, run: (key: string) => unknown): SendNested {
    return (caller, done): SentCall => {
      const start = (): void => {
        this.#running++;
        void outcomeOf(name, run, caller).then((outcome) => {
          this.#running--;
          this.#waiting.shift()?.();
          done(outcome);
        });
      };
      // The function is no part of the handler: it sees the real clock, and its calls are its own.
      realImmediate(() => handle(undefined, () => (this.#running < AT_ONCE_MAX ? start() : this.#waiting.push(start))));
      return { cancel() {} };
    };
  }
}

async function outcomeOf(name: string, run: (key: string) => unknown, caller: NestedCaller): Promise<Reply> {
  try {
    const result = await run(keyOf(caller));
    const message = copyOf(result, `the result of once(${JSON.stringify(name)})`);
    if (message.length > RESULT_MAX_BYTES) {
      const reason = `the result of once(${JSON.stringify(name)}) has ${message.length} bytes, more than ${RESULT_MAX_BYTES}; return what the handler needs`;
      return failed({ name: 'UnderstudyError', message: reason, ours: 'UNDERSTUDY_SETUP' });
    }
    return { kind: 'reply', code: GrpcStatus.OK, details: '', message };
  } catch (error) {
    return failed(failureOf(error));
  }
}

/** The key of an effect: the same whichever replica runs the function, and different for each effect. */
const keyOf = ({ client, id }: NestedCaller): string => `${client}/${id.orderNum}.${id.index}`;

function failed(failure: Failure): Reply {
  return { kind: 'reply', code: GrpcStatus.UNKNOWN, details: '', message: copyOf(failure, 'an error') };
}

function failureOf(error: unknown): Failure {
  if (!isError(error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const { code } = error as { code?: unknown };
  const isOurs = error instanceof UnderstudyError;
  return {
    name,
    message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(isOurs && { ours: error.code }),
  };
}

/**
 * The result that a handler gets.
 *
 * @throws the error in place of a result: the same name, message and `code` on every replica
 */
export function resultOf({ code, message, details }: Reply): unknown {
  if (code === GrpcStatus.OK && message !== undefined) return valueIn(message);
  if (message === undefined) throw new UnderstudyError('UNDERSTUDY_INDETERMINATE', details);
  const failure = valueIn(message) as Failure;
  if (failure.ours !== undefined) throw new UnderstudyError(failure.ours, failure.message);
  const error = new Error(failure.message);
  error.name = failure.name;
  throw failure.code === undefined ? error : Object.assign(error, { code: failure.code });
}
