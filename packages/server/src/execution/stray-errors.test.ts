import { readFile } from 'node:fs';
import { Readable } from 'node:stream';
import {
  type ServerDuplexStream,
  ServerInterceptingCall,
  type ServerInterceptor,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { expectCalls, handle } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { replyOf, type StreamOutput } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { listening } from '../testing/comparison/interceptors.js';
import { LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said } from '../testing/other-service.js';
import type { TextCall } from '../testing/text-call.js';

const oops = (): Error => new Error('oops');
const throwing = (): never => {
  throw oops();
};

/** Ways in which code leaves an error to the process. */
const WAYS: Readonly<Record<string, () => void>> = {
  timer: () => void setTimeout(throwing, 1),
  interval: () => {
    const timer = setInterval(() => {
      clearInterval(timer);
      throwing();
    }, 1);
  },
  immediate: () => void setImmediate(throwing),
  tick: () => process.nextTick(throwing),
  microtask: () => queueMicrotask(throwing),
  'a callback of I/O': () => readFile(__filename, throwing),
  'a listener of a stream': () => {
    const source = new Readable({ read() {} });
    source.on('data', throwing);
    source.push('x');
  },
  'an error event without a listener': () => void new Readable({ read() {} }).destroy(oops()),
  'a promise that nobody awaits': () => void Promise.reject(oops()),
  'an async function that nobody awaits': () =>
    void (async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      throw oops();
    })(),
  'a timer whose stack overflows': () => {
    const deeper = (): number => deeper() + 1;
    setTimeout(deeper, 1);
  },
  'a thrown value that is no error': () =>
    void setTimeout(() => {
      throw null;
    }, 1),
};

let leave: () => void;
let other: OtherService;
/** What reached the process, which vitest would take for a failure of the test. */
let reached: unknown[];
const note = (error: unknown): void => void reached.push(error);
let others: NodeJS.UncaughtExceptionListener[];
beforeEach(() => {
  other = new OtherService();
  reached = [];
  others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.removeListener('uncaughtException', note);
  for (const each of others) process.on('uncaughtException', each);
});

const unary: UntypedServiceImplementation = {
  hang: () => leave(),
  answer: (_call: TextCall, callback: Callback) => {
    leave();
    callback(null, 'answered');
  },
  ask: (_call: TextCall, callback: Callback) => {
    other.call('a', () => {
      leave();
      setTimeout(() => callback(null, 'too late'), 60_000).unref();
    });
  },
};
const streaming: UntypedServiceImplementation = {
  stream: (call: ServerDuplexStream<string, unknown>) => {
    call.resume();
    call.write('begun');
    leave();
  },
};

const alone = (): LoneExecutor => new LoneExecutor(unary, { streaming });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const counted = async (executor: LoneExecutor, count: number): Promise<void> => {
  while (executor.strays.count < count) await turn();
};
const statusOf = (outputs: readonly StreamOutput[] = []): number | undefined => {
  const [code] = outputs.flatMap(({ item }) => (item.kind === 'status' ? [replyOf(item.outcome).code] : []));
  return code;
};

describe.each(Object.entries(WAYS))('an error of %s', (_name, way) => {
  beforeEach(() => {
    leave = way;
  });

  it('ends its call with UNKNOWN, and is logged and counted', async () => {
    const executor = alone();
    const { outcome } = await executor.call('hang');
    expect(replyOf(outcome)).toMatchObject({ code: 2, details: 'Unknown error' });
    expect(executor.strays.count).toBe(1);
    expect(executor.logged).toEqual(['an error that nobody caught ends its call']);
    expect(reached).toEqual([]);
  });

  it('ends a read with UNKNOWN', async () => {
    expect(replyOf((await alone().read('hang')).outcome).code).toBe(2);
  });

  it('does not change a call that has ended', async () => {
    const executor = alone();
    expect(replyOf((await executor.call('answer')).outcome).code).toBe(0);
    await counted(executor, 1);
    expect(executor.all('executed')).toHaveLength(1);
  });

  it('ends its stream with UNKNOWN behind what was written', async () => {
    const executor = alone();
    const { outputs = [] } = await executor.part('stream', { kind: 'open' });
    await counted(executor, 1);
    let late: StreamOutput[] = [];
    while (statusOf([...outputs, ...late]) === undefined) {
      await turn();
      late = executor.all('lateItem').map(({ output }) => output);
    }
    expect(statusOf([...outputs, ...late])).toBe(2);
    expect(reached).toEqual([]);
  });

  it('ends its call with UNKNOWN in a step that other handlers may take part in', async () => {
    expectCalls();
    expect(replyOf((await alone().call('hang')).outcome)).toMatchObject({ code: 2, details: 'Unknown error' });
  });

  it('ends its call with UNKNOWN after a wait for another service', async () => {
    const executor = alone();
    expectCalls();
    const id = { orderNum: 1 as OrderNum, index: 0 };
    await executor.call('ask');
    const { finished = [] } = await executor.reply(id, said('yes'));
    const ends = [...finished, ...executor.all('lateEnd').map((event) => event.finished)];
    while (ends.length === 0) {
      await turn();
      ends.push(...executor.all('lateEnd').map((event) => event.finished));
    }
    expect(replyOf((ends[0] as (typeof ends)[0]).outcome).code).toBe(2);
  });
});

describe.each(Object.entries(WAYS))('an error of %s that an interceptor leaves', (_name, way) => {
  /** Interceptors that leave an error at once and hold what comes, or that do so when the reply passes. */
  const holding: ServerInterceptor = (_method, call) => {
    way();
    return new ServerInterceptingCall(call, { start: () => {} });
  };
  const late: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      sendMessage: (message, next) => {
        way();
        next(message);
      },
    });
  const answering: UntypedServiceImplementation = {
    answer: (_call: TextCall, callback: Callback) => callback(null, 'answered'),
  };

  it('ends its call with UNKNOWN before it is ordered', async () => {
    const executor = new LoneExecutor(answering, { interceptors: [holding] });
    void executor.admit('answer', 1);
    const { outcome } = await executor.next('refused');
    expect(replyOf(outcome).code).toBe(2);
    expect(executor.strays.count).toBe(1);
    expect(reached).toEqual([]);
  });

  it('does not change a call that has ended', async () => {
    const executor = new LoneExecutor(answering, { interceptors: [late] });
    await executor.admit('answer', 1);
    await executor.call('answer', {}, 1);
    await counted(executor, 1);
    expect(executor.all('executed')).toHaveLength(1);
    expect(reached).toEqual([]);
  });
});

describe('an interceptor whose onCancel throws', () => {
  it('is logged, and harms nobody', async () => {
    const executor = new LoneExecutor(unary, { interceptors: [listening({ onCancel: throwing })] });
    await executor.admit('answer', 1);
    executor.dropAdmission(1);
    while (executor.logged.length === 0) await turn();
    expect(executor.logged).toEqual(['a handler failed']);
    expect(reached).toEqual([]);
  });
});

describe('an error that belongs to no handler', () => {
  it('reaches the listeners of the process', async () => {
    alone();
    process.nextTick(throwing);
    while (reached.length === 0) await turn();
    expect(reached).toEqual([oops()]);
  });

  it('reaches them also when our own code throws on behalf of a handler', async () => {
    const executor = alone();
    leave = () => handle(undefined, () => process.nextTick(throwing));
    await executor.call('answer');
    while (reached.length === 0) await turn();
    expect(executor.strays.count).toBe(0);
  });
});
