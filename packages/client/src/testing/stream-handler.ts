/** The handlers of streams that tests serve by script. */
import { status as Status } from '@grpc/grpc-js';
import type { MetadataEntries, Reply } from '@understudy/core/internal';

/** A streaming call in the form in which a scripted handler has it, whichever server serves the call. */
export interface HandlerSide {
  readonly metadata: MetadataEntries;
  /** The request, if the method has only one. */
  readonly request: string | undefined;
  /** Starts reading; messages wait until a listener is set. */
  onMessage(hear: (text: string) => void): void;
  onEnd(hear: () => void): void;
  onCancelled(hear: () => void): void;
  sendMetadata(entries: MetadataEntries): void;
  send(text: string): void;
  finish(outcome: Reply): void;
}

export type StreamHandler = (call: HandlerSide) => void;

export const done: Reply = { kind: 'reply', code: Status.OK, details: 'OK' };
export const notFound: Reply = {
  kind: 'reply',
  code: Status.NOT_FOUND,
  details: 'no such thing',
  trailers: [['why', 'gone']],
};

const sendMany = (call: HandlerSide, count: number): void => {
  for (let i = 1; i <= count; i++) call.send(`${i}`);
};

/**
 * What handlers do, named by the metadata entry `does`; the entry `count` says how many messages where that matters.
 */
const HANDLERS = {
  echo(call) {
    call.onMessage((text) => call.send(text));
    call.onEnd(() => call.finish({ ...done, trailers: [['last', '2']] }));
  },
  count(call) {
    let count = 0;
    call.onMessage(() => count++);
    call.onEnd(() => {
      call.send(`${count}`);
      call.finish(done);
    });
  },
  list(call, count) {
    sendMany(call, count);
    call.finish(done);
  },
  'list, then fail'(call, count) {
    sendMany(call, count);
    call.finish(notFound);
  },
  'list, then hang': sendMany,
  'send metadata, then fail'(call) {
    call.sendMetadata([['first', '1']]);
    call.finish(notFound);
  },
  'send metadata and a message'(call) {
    call.sendMetadata([
      ['first', '1'],
      ['blob-bin', Buffer.from([0, 255])],
    ]);
    call.send('ok');
    call.finish({ ...done, trailers: [['last', '2']] });
  },
  'fail on the first message'(call) {
    call.onMessage(() => call.finish(notFound));
  },
  'finish on the first message'(call) {
    call.onMessage(() => call.finish(done));
  },
  'say the request'(call) {
    call.send(call.request ?? 'none');
    call.finish(done);
  },
  'say the metadata'(call) {
    call.send(JSON.stringify(call.metadata.filter(([key]) => key === 'tag' || key === 'authorization')));
    call.finish(done);
  },
  'send something unparsable'(call) {
    for (const text of ['one', 'unparsable', 'three']) call.send(text);
    call.finish(done);
  },
  'send something large'(call) {
    call.send('one');
    call.send('x'.repeat(100));
    call.finish(done);
  },
  hang() {},
} satisfies Record<string, (call: HandlerSide, count: number) => void>;

export type Does = keyof typeof HANDLERS;

/** Does what the call's metadata says. */
export const obedient: StreamHandler = (call) => {
  const entry = (wanted: string): string | undefined => {
    const value = call.metadata.find(([key]) => key === wanted)?.[1];
    return typeof value === 'string' ? value : undefined;
  };
  HANDLERS[entry('does') as Does](call, Number(entry('count') ?? 0));
};
