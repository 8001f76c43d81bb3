import { status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { hear, messagesOf, statusOf, textsOf } from './conversation.js';
import { deployments, kindsOf, use } from './deployment.js';
import { blob, gate, reply, type Step } from './script.js';

const CALLS = 1000;
const numbers = Array.from({ length: CALLS }, (_, i) => i);
const some = numbers.slice(0, 100);

describe.each(deployments)('many calls at once, %s', (deployment) => {
  const group = use(deployment);

  // Replicas reach the same state only if they perform calls one after the other.
  it('are performed at the same time, or one after the other if they are replicated', async () => {
    const ended: string[] = [];
    const begin = (name: string, ...steps: Step[]) =>
      hear(group().client, 'unary', [{ name, steps }]).then(() => ended.push(name));
    const first = begin('first', gate('first'));
    await group().gates.entered('first');
    const second = begin('second', reply('x'));
    if (!deployment.replicated) await second;
    group().gates.open('first');
    await Promise.all([first, second]);
    expect(ended).toEqual(deployment.replicated ? ['first', 'second'] : ['second', 'first']);
    expect(group().serving.script.performed).toEqual(['first', 'second']);
  });

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('each get their own reply and are performed once', async () => {
      const names = numbers.map((i) => `${kind} ${i}`);
      const heard = await Promise.all(
        names.map((name) => hear(group().client, kind, [{ name, steps: [reply(name)] }])),
      );
      expect(heard.map(textsOf)).toEqual(names.map((name) => [name]));
      const performed = group().serving.script.performed.filter((name) => name.startsWith(kind));
      expect(performed.toSorted()).toEqual(names.toSorted());
    });

    it('may come from several clients', async () => {
      const clients = Array.from({ length: 5 }, () => group().connect());
      const heard = await Promise.all(
        some.map((i) => {
          const client = clients[i % clients.length];
          return client === undefined ? [] : hear(client, kind, [{ steps: [reply(String(i))] }]);
        }),
      );
      expect(heard.map(textsOf)).toEqual(some.map((i) => [String(i)]));
    });

    it('may have large replies', async () => {
      const sizes = some.map((i) => 500 * i);
      const heard = await Promise.all(sizes.map((size) => hear(group().client, kind, [{ steps: [blob(size)] }])));
      expect(heard.map((each) => statusOf(each).code)).toEqual(sizes.map(() => Status.OK));
      expect(heard.map((each) => messagesOf(each)[0]?.payload.length)).toEqual(sizes);
    });
  });
});
