import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { runUnary } from '../../handlers/run-unary.js';
import { admit } from '../../interception/admission.js';
import { capturedJson } from './captured-json.js';

/**
 * Prints what running a handler costs, in µs a call; deserializers and serializers cost nothing here. Run it with node.
 */

const WARM_UP_MS = 2000;
const ROUNDS = 15;
const ROUND_MS = 100;

const bytes = Buffer.from([1]);
const captured = {
  ...capturedJson('/test.Service/one', (_call, callback) => callback(null, bytes)),
  requestDeserialize: (message: Buffer) => message,
  responseSerialize: (message: unknown) => message as Buffer,
  requestSerialize: (message: unknown) => message as Buffer,
  responseDeserialize: (message: Buffer) => message,
};
const readsMetadata = {
  ...captured,
  handler: ((call, callback) =>
    callback(null, call.metadata.get('user-agent').length > 0 ? bytes : null)) as typeof captured.handler,
};
const request: Request = {
  method: captured.path,
  message: Buffer.alloc(100, 1),
  metadata: [['user-agent', 'grpc-node-js/1.14.7']],
};
const context = { peer: '127.0.0.1:1' };
const passing: ServerInterceptor = (_method, call) => new ServerInterceptingCall(call);

let outcomes = 0;
const done = (outcome: Reply) => {
  outcomes += outcome.code === 0 ? 1 : 0;
};

type Subject = (finished: () => void) => void;

const run =
  (method: typeof captured): Subject =>
  (finished) => {
    runUnary(method, request, context, done);
    finished();
  };

const admitAndRun =
  (interceptors: readonly ServerInterceptor[]): Subject =>
  (finished) => {
    admit(interceptors, captured, request, context.peer, (result) => {
      if (result.kind === 'ended') throw new Error('the interceptors ended the call');
      runUnary(captured, request, context, (outcome) =>
        result.finish(outcome, (sent) => {
          done(sent);
          finished();
        }),
      );
    });
  };

const subjects: Record<string, Subject> = {
  handler: run(captured),
  'handler that reads metadata': run(readsMetadata),
  'no interceptors, handler': admitAndRun([]),
  'one interceptor, handler': admitAndRun([passing]),
};

const BATCH = 200;

/** Makes calls in batches, so that it reads the clock and turns the event loop seldom. */
async function callsFor(subject: Subject, forMs: number): Promise<number> {
  const end = performance.now() + forMs;
  let calls = 0;
  while (performance.now() < end) {
    let open = BATCH;
    await new Promise<void>((resolve) => {
      const finished = () => {
        if (--open === 0) resolve();
      };
      for (let i = 0; i < BATCH; i++) subject(finished);
    });
    calls += BATCH;
    // Ticks (`onCancel`) wait for the microtasks to end, and would pile up without this.
    await new Promise(setImmediate);
  }
  return calls;
}

async function main(): Promise<void> {
  for (const [name, subject] of Object.entries(subjects)) {
    await callsFor(subject, WARM_UP_MS);
    const costs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      const calls = await callsFor(subject, ROUND_MS);
      costs.push((1000 * (performance.now() - begin)) / calls);
    }
    costs.sort((a, b) => a - b);
    const at = (share: number) => costs[Math.floor(share * (costs.length - 1))]?.toFixed(2);
    console.log(`${name}: ${at(0.5)} µs a call (best ${at(0)}, worst ${at(1)})`);
  }
  if (outcomes === 0) throw new Error('nothing ran');
}

main();
