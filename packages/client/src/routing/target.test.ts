import { UnderstudyError } from '@understudy/core';
import { describe, expect, it } from 'vitest';
import { parseTarget } from './target.js';

const texts = (target: string) => parseTarget(target).map((address) => address.text);

describe('the target of a replicated client', () => {
  it('lists hosts and ports in the order in which it names them', () => {
    expect(texts('understudy:///10.0.0.1:50051,bank-2.local:50052')).toEqual(['10.0.0.1:50051', 'bank-2.local:50052']);
  });

  it('may be written without slashes, as grpc-js writes ipv4:', () => {
    expect(texts('understudy:a:1,b:2')).toEqual(['a:1', 'b:2']);
  });

  it('may name IPv6 addresses in brackets, and bare ones with the default port', () => {
    expect(parseTarget('understudy:///[::1]:50051,fe80::2')).toMatchObject([
      { text: '[::1]:50051', address: { host: '::1', port: 50051 } },
      { text: '[fe80::2]:443', address: { host: 'fe80::2', port: 443 } },
    ]);
  });

  it('may name sockets', () => {
    expect(parseTarget('understudy:///unix:/tmp/a.sock,unix:///tmp/b.sock,unix:c.sock')).toMatchObject([
      { address: { path: '/tmp/a.sock' } },
      { address: { path: '/tmp/b.sock' } },
      { address: { path: 'c.sock' } },
    ]);
  });

  it.each([
    ['', 'another scheme'],
    ['dns:///a:1', 'another scheme'],
    ['understudy:', 'names no address'],
    ['understudy:///', 'names no address'],
    ['understudy://a:1,b:2', 'two slashes'],
    ['understudy:///a:1,,b:2', 'empty address'],
    ['understudy:///a:1,a:1', 'a:1 twice'],
    ['understudy:///a:x', 'not host:port'],
    ['understudy:///a:70000', 'port'],
    ['understudy:///a b:1', 'not host:port'],
    ['understudy:///unix:', 'path'],
    ['understudy:///unix://x', 'path'],
    ['understudy:///[::1', 'not host:port'],
  ])('%j is refused and says why', (target, why) => {
    expect(() => parseTarget(target)).toThrow(UnderstudyError);
    expect(() => parseTarget(target)).toThrow(why);
  });
});
