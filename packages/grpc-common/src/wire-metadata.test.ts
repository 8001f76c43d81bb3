import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { callMetadataOf } from './metadata.js';
import { callerEntries, carriedMetadata, replyEntries } from './wire-metadata.js';

describe('metadata that travels in a frame', () => {
  it('keeps several values of a key in order, with texts joined as HTTP/2 joins them', () => {
    const metadata = new Metadata();
    metadata.add('tag', 'a');
    metadata.add('tag', 'b');
    metadata.add('blob-bin', Buffer.from([0, 255]));
    metadata.add('blob-bin', Buffer.from([1]));
    const entries = callerEntries(metadata);
    expect(entries).toEqual([
      ['tag', 'a, b'],
      ['blob-bin', Buffer.from([0, 255])],
      ['blob-bin', Buffer.from([1])],
    ]);
    expect(carriedMetadata(entries).get('blob-bin')).toEqual([Buffer.from([0, 255]), Buffer.from([1])]);
  });

  it('joins the texts of a key in a reply too, which replicas keep apart', () => {
    const trailers = carriedMetadata([
      ['tag', 'a'],
      ['blob-bin', Buffer.from([1])],
      ['tag', 'b'],
    ]);
    expect(trailers.get('tag')).toEqual(['a, b']);
  });

  it('leaves out what a connection would not carry to the handler', () => {
    const metadata = new Metadata();
    for (const key of [
      'user-agent',
      'te',
      'content-type',
      'grpc-timeout',
      'grpc-encoding',
      ':authority',
      'understudy-slot',
    ]) {
      metadata.set(key, 'mine');
    }
    for (const value of ['kept', ' padded', 'padded ', 'too']) metadata.add('tag', value);
    metadata.set('padded', ' only');
    metadata.set('grpc-custom', 'kept');
    expect(callerEntries(metadata)).toEqual([
      ['tag', 'kept, too'],
      ['grpc-custom', 'kept'],
    ]);
    expect(carriedMetadata([['tag', 'padded ']]).toJSON()).toEqual({});
  });

  it('includes in a reply whatever came with it', () => {
    const metadata = new Metadata();
    metadata.set('content-type', 'application/grpc+proto');
    expect(replyEntries(metadata)).toEqual([['content-type', 'application/grpc+proto']]);
  });

  it('changes no prototype when a key is named like one', () => {
    const metadata = new Metadata();
    metadata.set('__proto__', 'x');
    metadata.set('constructor', 'y');
    expect(callerEntries(metadata)).toEqual([['constructor', 'y']]);
  });

  it('never shows a handler a key of ours, which a client may have written into its frame', () => {
    const shown = callMetadataOf([
      ['understudy-nested-bin', Buffer.from('x')],
      ['user', 'a'],
      ['understudy-deadline', '1'],
    ]);
    expect(shown.toJSON()).toEqual({ user: ['a'] });
  });

  it('is absent when empty', () => {
    expect(callerEntries(new Metadata())).toBeUndefined();
    expect(carriedMetadata(undefined).toJSON()).toEqual({});
  });

  it('is a copy, so that a caller may use its buffer again', () => {
    const value = Buffer.from([1]);
    const metadata = new Metadata();
    metadata.set('blob-bin', value);
    const entries = callerEntries(metadata);
    value[0] = 2;
    expect(entries).toEqual([['blob-bin', Buffer.from([1])]]);
  });

  it('may hold bytes that are no Buffer', () => {
    expect(carriedMetadata([['blob-bin', new Uint8Array([7])]]).get('blob-bin')).toEqual([Buffer.from([7])]);
  });
});
