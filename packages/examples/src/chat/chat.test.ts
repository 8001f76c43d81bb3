import { parseServiceConfig } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { Chat } from './chat.js';
import { chatServiceConfig } from './service-config.js';

describe('a chat', () => {
  it('numbers the messages of each room separately', () => {
    const chat = new Chat();
    chat.say('quay', 'ada', 'one');
    chat.say('attic', 'bob', 'other');
    chat.say('quay', 'bob', 'two');
    expect(chat.messages('quay')).toEqual([
      { number: 1, author: 'ada', text: 'one' },
      { number: 2, author: 'bob', text: 'two' },
    ]);
    expect(chat.audit()).toEqual({ quay: 2, attic: 1 });
    expect(chat.messages('cellar')).toBeUndefined();
  });

  it('continues from a checkpoint exactly as the chat that wrote it', () => {
    const chat = new Chat();
    chat.open('empty');
    chat.say('quay', 'ä', '"β"\n');
    const successor = new Chat();
    successor.say('gone', 'a', 'b');
    successor.restore(chat.checkpoint());
    expect(successor.audit()).toEqual({ empty: 0, quay: 1 });
    for (const each of [chat, successor]) each.say('quay', 'ada', 'more');
    expect(successor.messages('quay')).toEqual(chat.messages('quay'));
    expect(successor.checkpoint()).toEqual(chat.checkpoint());
  });

  it('refuses bytes that are not a checkpoint and keeps its state', () => {
    const chat = new Chat();
    chat.say('quay', 'ada', 'one');
    const good = chat.checkpoint();
    const bad = ['', 'null', '[]', '{"version":2,"state":[]}', '{"version":1,"state":[["quay",[["ada"]]]]}'];
    for (const text of bad) expect(() => chat.restore(Buffer.from(text))).toThrow();
    expect(() => chat.restore(good.subarray(0, good.length - 1))).toThrow();
    expect(chat.checkpoint()).toEqual(good);
  });

  it('has a service config that parses', () => {
    const mode = {
      replication: 'passive',
      multicast: 'direct',
      release: 'concurrent',
      carrier: 'rpc',
      leaseMs: 300,
    } as const;
    expect(parseServiceConfig(chatServiceConfig(mode))).toMatchObject({ group: 'chat', ...mode });
  });
});
