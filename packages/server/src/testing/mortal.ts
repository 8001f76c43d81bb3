/** A service whose handlers harm their process. */
import type { Client, StatusObject } from '@grpc/grpc-js';
import { counterService } from './counter.js';

/** A request to harm the process. */
export interface Deadly {
  /** Absent in messages of a stream that do no harm. */
  readonly how?: Harm;
  /** The one replica to harm; the others answer. Default: all of them. */
  readonly only?: string;
}

export type Harm = keyof typeof HARMS;

const METHOD = counterService.Add;
export const mortalService = {
  Die: { ...METHOD, path: '/test.Mortal/Die' },
  DieInStream: { ...METHOD, path: '/test.Mortal/DieInStream', responseStream: true },
  /** Its client sends what harms. */
  DieOnMessage: { ...METHOD, path: '/test.Mortal/DieOnMessage', requestStream: true },
  /** Answers harmless messages, and its client may send one that harms. */
  DieInDialogue: { ...METHOD, path: '/test.Mortal/DieInDialogue', requestStream: true, responseStream: true },
};

export type Ended = Pick<StatusObject, 'code' | 'details'>;

/** @returns the status with which the call ends, OK included */
export function unary(client: Client, method: typeof counterService.Add, request: unknown): Promise<Ended> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve) => {
    client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, request, () => {})
      .on('status', ({ code, details }) => resolve({ code, details }));
  });
}

/** @returns the status of a stream whose handler harms its process */
export function dieInStream(client: Client, how: Harm): Promise<Ended> {
  const { path, requestSerialize, responseDeserialize } = mortalService.DieInStream;
  return new Promise((resolve) => {
    client
      .makeServerStreamRequest(path, requestSerialize, responseDeserialize, { how })
      .on('data', () => {})
      .on('error', () => {})
      .on('status', ({ code, details }) => resolve({ code, details }));
  });
}

/**
 * The client goes on sending, so the handler does not end before what it has set going.
 *
 * @returns how a stream ends on which the client sends something harmless, and then what harms the process
 */
export function dieOnMessage(client: Client, how: Harm): Promise<Ended> {
  const { path, requestSerialize, responseDeserialize } = mortalService.DieOnMessage;
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, () => {});
    call.on('error', () => {}).on('status', ({ code, details }) => resolve({ code, details }));
    call.write({});
    call.write({ how });
  });
}

/** @returns how a dialogue ends in which the client sends what harms the process once it has an answer */
export function dieInDialogue(client: Client, how: Harm): Promise<Ended> {
  const { path, requestSerialize, responseDeserialize } = mortalService.DieInDialogue;
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call
      .on('data', () => call.write({ how }))
      .on('error', () => {})
      .on('status', ({ code, details }) => resolve({ code, details }));
    call.write({});
  });
}

const lost = (): never => {
  throw new Error('lost');
};

const HARMS = {
  'throw in a timer': () => void setTimeout(lost, 1),
  'throw in a tick': () => process.nextTick(lost),
  rejection: () => void Promise.reject(new Error('lost')),
  'late rejection': () => void new Promise((resolve) => setTimeout(resolve, 1)).then(lost),
  'stack overflow': () => {
    const deeper = (): number => deeper() + 1;
    setTimeout(deeper, 1);
  },
  exit: () => process.exit(3),
  'late exit': () => void setTimeout(() => process.exit(3), 1),
  abort: () => process.abort(),
  segfault: () => void process.kill(process.pid, 'SIGSEGV'),
  'endless loop': () => {
    for (;;);
  },
  memory: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1_000_000).fill(0).map(() => ({})));
  },
};

/** Harms the process, by an uncaught error or in a way that certainly ends it. */
export const die = (how: Harm): void => HARMS[how]();
