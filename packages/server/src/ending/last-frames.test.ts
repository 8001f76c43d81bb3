import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { ReplicaId } from '@understudy/core';
import { frameMethod, LINK_PATH } from '@understudy/grpc-common';
import {
  Assembler,
  decodeReplyFrame,
  encodePeerBrings,
  encodePeerHello,
  unwrapFrame,
  wrapFrame,
} from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeerTrust } from '../identity/peer-trust.js';
import type { AcceptedLink } from '../links/accepted-link.js';
import { PeerLink } from '../links/peer-link.js';
import { counterService } from '../testing/counter.js';
import { memberOf } from '../testing/links/hostile-peer.js';
import { RawSession, secretOf } from '../testing/links/raw-session.js';
import { type Node, Stage } from '../testing/stage.js';

/** More than gRPC is given before the other side reads it. */
const MUCH = 3_000_000;

let stage: Stage;
beforeEach(() => {
  stage = new Stage(memoryCoordinator());
});
afterEach(() => stage.end());

/** A group of two, and a client of its primary that reads nothing of a long reply. */
async function withSlowClient(): Promise<{ primary: Node; client: RawSession }> {
  const [primary] = (await stage.startGroup(2)) as [Node, Node];
  const client = new RawSession(primary, secretOf(1));
  await client.hello();
  client.stream.stream.pause();
  client.request(1, { method: counterService.Blob.path, message: Buffer.from(String(MUCH)) });
  await stage.until(() => primary.status.stableUpTo === 1);
  return { primary, client };
}

/** The frames that came whole. */
function framesOf({ stream }: RawSession) {
  const assembler = new Assembler();
  return stream.raw.flatMap((message) => {
    const frame = assembler.push(unwrapFrame(message));
    return frame === undefined ? [] : [decodeReplyFrame(frame)];
  });
}

describe('the last frames of a replica that stops', () => {
  it('have left when it has stopped, also where a client reads late', async () => {
    const { primary, client } = await withSlowClient();
    primary.replica.on('role', ({ role }) => role === 'deposed' && client.stream.stream.resume());
    // Whoever ends the process, or the server, right afterwards drops what has not left.
    await primary.end();
    await client.stream.ended;
    const told = framesOf(client).filter(({ kind }) => kind === 'newTerm');
    expect(told).toMatchObject([{ view: { term: 2, primary: 'r2' } }]);
  });

  it('are not waited for beyond a bound where a client reads nothing at all', async () => {
    const { primary } = await withSlowClient();
    expect(await primary.replica.stop()).toBe('r2');
  });
});

it('a link to a peer that reads late says when everything has left', async () => {
  const server = new Server();
  const got: Uint8Array[] = [];
  const paused = new Promise<() => void>((resolve) => {
    const accept = (link: AcceptedLink): void => {
      const assembler = new Assembler();
      link.on('end', () => link.end());
      link.on('data', (message: Buffer) => {
        const frame = assembler.push(unwrapFrame(message));
        if (frame === undefined) return;
        if (got.push(frame) === 1) {
          link.write(wrapFrame(encodePeerHello({ group: 'g', member: memberOf('r2'), address: '127.0.0.1:2' })));
          link.write(wrapFrame(encodePeerBrings({ settings: '', version: '', replication: 'passive' })));
        } else if (got.length === 2) {
          link.pause();
          resolve(() => link.resume());
        }
      });
    };
    server.addService({ link: frameMethod(LINK_PATH) }, { link: accept });
  });
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
  });
  let isUp = (): void => {};
  const up = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const link = new PeerLink({
    ...{ id: 'r2' as ReplicaId, address: `127.0.0.1:${port}`, credentials: credentials.createInsecure() },
    hello: { group: 'g', member: memberOf('r1'), address: '127.0.0.1:1' },
    trust: new PeerTrust({ secret: undefined, certificates: false }),
    ...{ logger: { log: () => {} }, onUp: () => isUp(), onDown: () => {}, onMismatch: () => {} },
  });
  await up;
  link.send(Buffer.from('first'));
  const resume = await paused;
  for (let i = 1; i <= 10; i++) link.send(Buffer.alloc(MUCH / 10, i));
  // So long that a busy machine passes everything on before.
  const left = link.close(200_000);
  expect(got).toHaveLength(2);
  resume();
  await left;
  await stage.until(() => got.length === 12);
  expect(got.at(-1)?.[0]).toBe(10);
  server.forceShutdown();
});
