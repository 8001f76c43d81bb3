import {
  type Client,
  credentials,
  propagate,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status as Status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { understudyClient } from '../setup/replicated.js';
import { ask, connectTo, EchoClient, echoDefinition, type HeardUnary } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { replicatedForTest } from '../testing/session-under-test.js';

/**
 * Starts a server whose handler calls the replicated service, which does not answer, as part of the call that it
 * serves.
 */
describe('a call that is part of a server call', () => {
  let group: ScriptedGroup;
  let between: Server;
  let inner: Client;
  let outer: Client;
  let heard: (inner: HeardUnary) => void;
  let flags: number | undefined;
  let begun: () => void;

  beforeAll(async () => {
    group = await ScriptedGroup.start(1, () => undefined);
    inner = connectTo(group.target, replicatedForTest());
    between = new Server();
    const handle = (call: ServerUnaryCall<string, string>): void => {
      const options = { parent: call, ...(flags !== undefined && { propagate_flags: flags }) };
      void ask(inner, call.request, { options }).then((each) => heard(each));
      begun();
    };
    between.addService({ echo: echoDefinition.echo }, { echo: handle });
    const port = await new Promise<number>((resolve) => {
      between.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
    });
    outer = new EchoClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    outer.close();
    group.answerHeld();
    await understudyClient(inner).close();
    between.forceShutdown();
    group.stop();
  });

  function throughBoth(deadlineMs: number | undefined, cancel: boolean): Promise<HeardUnary> {
    return new Promise((resolve) => {
      heard = resolve;
      void ask(outer, 'x', {
        options: deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        made: (call) => {
          begun = () => cancel && call.cancel();
        },
      });
    });
  }

  it('is cancelled when the server call is', async () => {
    flags = undefined;
    const { error } = await throughBoth(undefined, true);
    expect(error).toMatchObject({ code: Status.CANCELLED });
    expect(error?.details).toMatch(/^Cancelled by parent call/);
  });

  it('has the deadline of the server call', async () => {
    flags = propagate.DEADLINE;
    const { error } = await throughBoth(150, false);
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
  });
});
