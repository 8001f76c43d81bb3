import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Kind, type KindByte, VERSION } from './bytes/layout.js';
import * as wire from './index.js';
import * as samples from './testing/samples.js';

/**
 * The bytes of one fixed value of every kind, as files that a later version can still be tested against. After an
 * intended change of the layout: a new version and a new directory. `REWRITE_GOLDEN=1` writes the files.
 */
const DIRECTORY = join(import.meta.dirname, `../testdata/v${VERSION}`);
const BYTES_A_LINE = 32;

interface Sample {
  readonly value: unknown;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const sample = <T>(value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): Sample => ({
  ...{ value, bytes: encode(value), decode },
});

const all: readonly Sample[] = [
  ...samples.sessionFrames.map((frame) =>
    sample(frame, (each) => wire.encodeSessionFrame(each, samples.secret), wire.decodeSessionFrame),
  ),
  ...samples.replyFrames.map((frame) => sample(frame, wire.encodeReplyFrame, wire.decodeReplyFrame)),
  ...samples.peerFrames.map((frame) => sample(frame, wire.encodePeerFrame, wire.decodePeerFrame)),
  sample(
    samples.rpcRequestHeader,
    (each) => wire.encodeRpcRequestHeader(each, samples.secret),
    wire.decodeRpcRequestHeader,
  ),
  sample(samples.rpcReplyHeader, wire.encodeRpcReplyHeader, wire.decodeRpcReplyHeader),
  sample(samples.peerHello, wire.encodePeerHello, wire.decodePeerHello),
  sample(samples.peerBrings, wire.encodePeerBrings, wire.decodePeerBrings),
  sample(samples.peerChallenge, wire.encodePeerChallenge, wire.decodePeerChallenge),
  sample(samples.peerProof, wire.encodePeerProof, wire.decodePeerProof),
  sample(samples.reply, wire.encodeOutcome, wire.decodeOutcome),
  sample(samples.request, wire.encodeRequest, wire.decodeRequest),
  sample(samples.caller, wire.encodeCaller, wire.decodeCaller),
  sample(samples.orders, wire.encodeOrders, wire.decodeOrders),
];

const names = new Map<number, string>(Object.entries(Kind).map(([name, kind]) => [kind, name]));
/** The folders of the kinds, by the first hexadecimal digit of a kind. */
const FOLDERS = ['session', 'reply', 'peer', 'rpc', 'parts'];
const fileOf = (kind: number): string =>
  join(FOLDERS[kind >> 4] ?? '', `${kind.toString(16).padStart(2, '0')}-${names.get(kind)}.txt`);
const golden = all.map((each) => ({ ...each, file: fileOf(each.bytes[1] as KindByte) }));

/** The value as JSON, with bytes in hexadecimal; then an empty line, and its encoding in hexadecimal. */
function textOf({ value, bytes }: Sample): string {
  const json = JSON.stringify(value, (_key, part) => (isBuffer(part) ? `bytes ${hexOf(part.data)}` : part), 2);
  const lines = hexOf([...bytes]).match(new RegExp(`.{1,${2 * BYTES_A_LINE}}`, 'g')) ?? [];
  return `${json}\n\n${lines.join('\n')}\n`;
}

const hexOf = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

/** How `JSON.stringify` presents a Buffer to its replacer. */
const isBuffer = (part: unknown): part is { data: number[] } =>
  typeof part === 'object' && part !== null && 'type' in part && part.type === 'Buffer';

function bytesIn(text: string): Buffer {
  const [, hex = ''] = text.split('\n\n');
  return Buffer.from(hex.replaceAll('\n', ''), 'hex');
}

if (process.env.REWRITE_GOLDEN === '1') {
  for (const each of golden) writeFileSync(join(DIRECTORY, each.file), textOf(each));
}

it('has a golden file for every kind, and no other file', () => {
  const files = readdirSync(DIRECTORY, { encoding: 'utf8', recursive: true }).filter((file) => !FOLDERS.includes(file));
  expect(files.sort()).toEqual(Object.values(Kind).map(fileOf).sort());
});

it.each(golden)('encodes the sample as the bytes in $file', (each) => {
  expect(textOf(each)).toBe(readFileSync(join(DIRECTORY, each.file), 'utf8'));
});

it.each(golden)('decodes the bytes in $file as the sample', ({ file, value, decode }) => {
  expect(decode(bytesIn(readFileSync(join(DIRECTORY, file), 'utf8')))).toStrictEqual(value);
});
