import { status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { hear, messagesOf, statusOf, textsOf } from './conversation.js';
import { deployments, kindsOf, use } from './deployment.js';
import { blob, reply } from './script.js';

const CALLS = 1000;
const numbers = Array.from({ length: CALLS }, (_, i) => i);
const some = numbers.slice(0, 100);

describe.each(deployments)('many calls at once, %s', (deployment) => {
  const group = use(deployment);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('get each its own reply, and are performed once each', async () => {
      const names = numbers.map((i) => `${kind} ${i}`);
      const heard = await Promise.all(
        names.map((name) => hear(group().client, kind, [{ name, steps: [reply(name)] }])),
      );
      expect(heard.map(textsOf)).toEqual(names.map((name) => [name]));
      const performed = group().serving.script.performed.filter((name) => name.startsWith(kind));
      expect(performed.toSorted()).toEqual(names.toSorted());
    });

    it('come from several clients', async () => {
      const clients = Array.from({ length: 5 }, () => group().connect());
      const heard = await Promise.all(
        some.map((i) => {
          const client = clients[i % clients.length];
          return client === undefined ? [] : hear(client, kind, [{ steps: [reply(String(i))] }]);
        }),
      );
      expect(heard.map(textsOf)).toEqual(some.map((i) => [String(i)]));
    });

    it('have large replies', async () => {
      const sizes = some.map((i) => 500 * i);
      const heard = await Promise.all(sizes.map((size) => hear(group().client, kind, [{ steps: [blob(size)] }])));
      expect(heard.map((each) => statusOf(each).code)).toEqual(sizes.map(() => Status.OK));
      expect(heard.map((each) => messagesOf(each)[0]?.payload.length)).toEqual(sizes);
    });
  });
});
