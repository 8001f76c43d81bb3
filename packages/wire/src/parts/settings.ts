/** The settings of a group that its clients follow. */
import type { ClientSettings } from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';

type Entry = ClientSettings['methods'][number];

const READ_ONLY = 0b1;
const ONE_WAY = 0b10;
const CONCURRENT = 0b100;
const ACKNOWLEDGED = 0b1000;
const WAITS_FOR_OTHERS = 0b1_0000;
const READ_FROM_BACKUP = 0b10_0000;
const ALL_FLAGS = 0b11_1111;

/** Two lengths and the flags. */
const ENTRY_MIN_BYTES = 3;

export function writeSettings(w: Writer, settings: ClientSettings): void {
  w.boolean(settings.release === 'acknowledged');
  w.varint(settings.pendingSourceOrderMax);
  w.varint(settings.nullMessageMs);
  w.varint(settings.batchMs);
  w.varint(settings.methods.length);
  for (const entry of settings.methods) {
    w.string(entry.service);
    w.string(entry.method);
    w.byte(flagsOf(entry));
  }
  w.varint(settings.unreplicated.length);
  for (const service of settings.unreplicated) w.string(service);
}

export function readSettings(r: Reader): ClientSettings {
  return {
    release: r.boolean() ? 'acknowledged' : 'concurrent',
    pendingSourceOrderMax: r.varint(),
    nullMessageMs: r.varint(),
    batchMs: r.varint(),
    methods: readEntries(r),
    unreplicated: readServices(r),
  };
}

/** About how many bytes `writeSettings` needs. */
export const settingsBytes = ({ methods, unreplicated }: ClientSettings): number =>
  methods.reduce((sum, { service, method }) => sum + ENTRY_MIN_BYTES + service.length + method.length, 32) +
  unreplicated.reduce((sum, service) => sum + 2 + service.length, 0);

function readEntries(r: Reader): Entry[] {
  const entries: Entry[] = [];
  for (let left = r.count(ENTRY_MIN_BYTES); left > 0; left--) {
    entries.push({ service: r.string(), method: r.string(), ...readFlags(r) });
  }
  return entries;
}

function readServices(r: Reader): string[] {
  const services: string[] = [];
  for (let left = r.count(1); left > 0; left--) services.push(r.string());
  return services;
}

const flagsOf = ({ readOnly, readFrom, oneWay, waitsForOthers, release }: Entry): number =>
  (readOnly ? READ_ONLY : 0) |
  (readFrom === 'backup' ? READ_FROM_BACKUP : 0) |
  (oneWay ? ONE_WAY : 0) |
  (waitsForOthers ? WAITS_FOR_OTHERS : 0) |
  (release === 'concurrent' ? CONCURRENT : 0) |
  (release === 'acknowledged' ? ACKNOWLEDGED : 0);

function readFlags(r: Reader): Omit<Entry, 'service' | 'method'> {
  const flags = r.flags(ALL_FLAGS);
  if (flags & CONCURRENT && flags & ACKNOWLEDGED) malformed('a method has two settings of its release');
  const release = flags & CONCURRENT ? 'concurrent' : flags & ACKNOWLEDGED ? 'acknowledged' : undefined;
  return {
    readOnly: (flags & READ_ONLY) !== 0,
    ...(flags & READ_FROM_BACKUP && { readFrom: 'backup' as const }),
    oneWay: (flags & ONE_WAY) !== 0,
    waitsForOthers: (flags & WAITS_FOR_OTHERS) !== 0,
    release,
  };
}
